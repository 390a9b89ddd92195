package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/kinwire/kinwire/jobs"
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
	return h.outlook(err)
}

// outlook adds to an error what is left to do in the session, and how.
func (h *host) outlook(err error) error {
	again := "start the host again with --session " + h.label
	switch open := len(h.session.said.waitsFor()); {
	case err == nil:
		return nil
	case open > 0:
		return fmt.Errorf("%w; jobs that go on: %d; %s to hear of their end", err, open, again)
	case !h.session.said.isOver():
		return fmt.Errorf("%w; %s to go on with the task", err, again)
	}
	return err
}

// begin finds out how far the session is, and adds a task, if there is one.
func (h *host) begin(task string) error {
	if said := h.session.said; len(said) > 0 {
		h.note("session", fmt.Sprintf("%s, messages so far: %d", h.label, len(said)))
		h.showNext(said)
	}
	if err := h.settle("the host or its agent has died meanwhile"); err != nil {
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
