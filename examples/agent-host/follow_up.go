package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kinwire/kinwire/jobs"
)

// followUp waits for the first of some jobs to end, and tells the agent.
func (h *host) followUp(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if r, err := h.jobs.Get(id); err == nil && !r.IsOver() {
			h.note("waiting", "job "+id+" "+r.Outcome())
		}
	}
	id, err := h.firstToEnd(ctx, ids)
	if err != nil {
		return err
	}
	return h.hear(id)
}

// firstToEnd waits until one of some jobs has ended, or is gone, and returns its id.
func (h *host) firstToEnd(ctx context.Context, ids []string) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer cancel()
	type end struct {
		id  string
		err error
	}
	ends := make(chan end, len(ids))
	for _, id := range ids {
		waiting.Go(func() {
			_, err := h.jobs.Wait(ctx, id)
			ends <- end{id, err}
		})
	}
	first := <-ends
	if isGone(first.err) {
		return first.id, nil
	}
	return first.id, first.err
}

// isGone reports whether an error says that nobody will ever know more of a job: it was removed,
// or its files are damaged.
func isGone(err error) bool {
	var damaged *jobs.DamageError
	return errors.Is(err, jobs.ErrNotFound) || errors.As(err, &damaged)
}

// hear tells the agent that a job has ended, and then the store that this is done. A host that
// dies in between is followed by one that finds the agent told, and tells the store (settle).
// Since nobody else has the session meanwhile, the follow-up needs no claim.
func (h *host) hear(id string) error {
	r, err := h.jobs.Get(id)
	if isGone(err) {
		return h.say(message{Role: "job", Job: id, Text: "job " + id + " is lost: " + err.Error(), Failed: string(jobs.Lost)})
	}
	if err != nil {
		return err
	}
	output, err := h.jobs.Output(id, 0, 0)
	printed := output.String()
	if isGone(err) {
		printed = "what it has printed is lost: " + err.Error()
	} else if err != nil {
		return err
	}
	m := message{Role: "job", Job: id, Text: fmt.Sprintf("job %s %s\n%s", id, r.Outcome(), printed)}
	if r.State != jobs.Succeeded {
		m.Failed = string(r.State)
	}
	if err := h.say(m); err != nil {
		return err
	}
	return h.jobs.Ack(id)
}

// prune removes the jobs that were dealt with some time ago. It comes when the agent has heard of
// all of them: one that is removed before that is lost.
func (h *host) prune() {
	if _, err := h.jobs.Prune(jobs.Retention{}); err != nil {
		h.note("jobs", err.Error()) // those that are damaged
	}
}
