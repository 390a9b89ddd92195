package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/jobs"
	"github.com/kinwire/kinwire/parent"
)

// host has what the agent's tools need.
type host struct {
	session *session
	jobs    *jobs.Store
	label   string   // of the jobs, before the id of the call that has started one
	work    *os.Root // where the agent works
	queue   *queue
	inUse   sync.WaitGroup // tools
	approvals
	screen
}

// run opens the session, starts the agent, and has it work until nothing is left to do.
func run(ctx context.Context, o options) error {
	dir := filepath.Join(o.dir, o.session)
	s, err := openSession(ctx, dir)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.workIn(o.work); err != nil {
		return err
	}
	work, err := os.OpenRoot(s.work)
	if err != nil {
		return err
	}
	defer work.Close()
	store, err := jobs.Open(filepath.Join(dir, "jobs"))
	if err != nil {
		return err
	}

	h := &host{session: s, jobs: store, label: o.session, work: work, queue: newQueue(), screen: newScreen(os.Stdout)}
	if !o.approveAll {
		h.approvals.answers = newAnswers()
	}
	if err := h.begin(o.task); err != nil {
		return err
	}
	err = h.employ(ctx, o.worker)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(errors.New("canceled"), h.cancel())
	}
	if open := len(s.said.waitsFor()); err != nil && open > 0 {
		err = fmt.Errorf("%w; jobs that go on: %d. Start the host again with --session %s to hear of their end", err, open, o.session)
	}
	return err
}

// begin finds out how far the session is, and adds a task, if there is one.
func (h *host) begin(task string) error {
	if said := h.session.said; len(said) > 0 {
		h.note("session", fmt.Sprintf("%s, messages so far: %d", h.label, len(said)))
		h.showNext(said)
	}
	if err := h.settle("the host has died meanwhile"); err != nil {
		return err
	}
	if task != "" {
		return h.say(message{Role: "user", Text: task})
	}
	if said := h.session.said; said.isOver() && len(said.waitsFor()) == 0 {
		return fmt.Errorf("nothing is left to do in the session %q: give it a task", h.label)
	}
	return nil
}

// employ has the agent of a command go on with the session until nothing is left to do.
func (h *host) employ(ctx context.Context, command []string) error {
	// Where in this program the worker's lines come from is of no interest.
	logger, err := zap.NewDevelopment(zap.IncreaseLevel(zap.InfoLevel), zap.WithCaller(false), zap.AddStacktrace(zap.DPanicLevel))
	if err != nil {
		return err
	}
	worker, err := parent.Start(ctx, parent.Spec{
		Command:  command,
		Handlers: h.handlers(),
		Logger:   logger,
	})
	if err != nil {
		return err
	}
	err = h.goOn(ctx, worker)
	// Not with ctx, the end of which would kill the worker.
	if down := worker.Shutdown(context.WithoutCancel(ctx)); err == nil {
		err = down
	}
	h.inUse.Wait() // a command that is stopped has some seconds for that
	return err
}

// goOn has the agent work, and then again whenever one of its jobs has ended.
func (h *host) goOn(ctx context.Context, worker exchange.Caller) error {
	for {
		said := h.session.said
		waiting := said.waitsFor()
		if said.isOver() && len(waiting) == 0 {
			h.prune()
			return nil
		}
		var err error
		if said.isOver() {
			err = h.followUp(ctx, waiting)
		} else {
			err = h.turn(ctx, worker, said)
		}
		if err != nil {
			return err
		}
	}
}

// turn has the agent work until it has come to an end, and keeps what it says.
func (h *host) turn(ctx context.Context, worker exchange.Caller, said conversation) error {
	x, err := worker.Open(ctx, "run", map[string]any{"messages": said})
	if err != nil {
		return err
	}
	for m, err := range exchange.Values[message](x) {
		if err != nil {
			return err
		}
		if m.Role != "assistant" && m.Role != "tool" {
			return fmt.Errorf("the agent speaks for the %s", m.Role)
		}
		if err := h.say(m); err != nil {
			return err
		}
	}
	if !h.session.said.isOver() {
		return errors.New("the agent has stopped before its end")
	}
	return nil
}

// say adds a message to the session, shows it, and lets the agent go on with what comes next.
func (h *host) say(m message) error {
	if err := h.session.add(m); err != nil {
		return err
	}
	h.show(m)
	h.showNext(h.session.said)
	h.queue.next(h.session.said)
	return nil
}
