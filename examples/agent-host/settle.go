package main

import (
	"fmt"

	"github.com/kinwire/kinwire/jobs"
)

// settle finds out what became of the calls that have no result, since this host was stopped
// for the given reason, or an earlier one. None of them is made again.
func (h *host) settle(why string) error {
	for i, c := range h.session.said.unanswered() {
		m := message{Role: "tool", Call: c.ID, Failed: "interrupted", Text: why + "; it was not begun"}
		switch id, err := h.startedBy(c); {
		case err != nil:
			return err
		case id != "":
			m = message{Role: "tool", Call: c.ID, Job: id, Text: started(id)}
		case i == 0 && c.Name != "job": // calls are made one after the other
			m.Text = why + "; nobody knows how much of it was done"
		}
		if err := h.say(m); err != nil {
			return err
		}
	}
	// The follow-ups that the agent was told of, when the host could not say so any more.
	pending, err := h.jobs.Pending()
	if err != nil {
		h.note("jobs", err.Error()) // those that are damaged
	}
	for _, r := range pending {
		if h.session.said.hasHeardOf(r.ID) {
			if err := h.jobs.Ack(r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// startedBy returns the id of the job that a call has started; empty: none. A job is in the
// store before it runs, and so this is certain.
func (h *host) startedBy(c call) (string, error) {
	records, err := h.jobs.List(jobs.Filter{Session: h.jobLabel(c)})
	if len(records) > 0 {
		return records[0].ID, nil
	}
	return "", err // that a job is damaged: it may be this one
}

// jobLabel is the label of the job that a call starts.
func (h *host) jobLabel(c call) string { return fmt.Sprintf("%s/%s", h.label, c.ID) }

// cancel ends the task that the agent is at, if it is at one.
func (h *host) cancel() error {
	if h.session.said.isOver() {
		return nil
	}
	const why = "the task was canceled"
	if err := h.settle(why); err != nil {
		return err
	}
	return h.say(message{Role: "assistant", Text: why, Failed: "canceled"})
}
