package main

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
)

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
			return fmt.Errorf("the agent speaks for the %q", m.Role)
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
