package main

import (
	"fmt"

	"github.com/kinwire/kinwire/jobs"
)

// settle gives the calls a result that have none, since this host was stopped for the given
// reason, or an earlier one. None of them is made again.
func (h *host) settle(why string) error {
	for i, c := range h.session.said.unanswered() {
		m := message{Role: "tool", Call: c.ID, Failed: "interrupted", Text: why + "; it was not begun"}
		if i == 0 { // the others wait for its result, see queue
			var err error
			if m, err = h.settled(c, why); err != nil {
				return err
			}
		}
		if err := h.say(m); err != nil {
			return err
		}
	}
	return h.settleFollowUps()
}

// settled finds out what became of a call that may have been begun, and returns its result.
func (h *host) settled(c call, why string) (message, error) {
	m := message{Role: "tool", Call: c.ID, Failed: "interrupted"}
	if c.Name != "job" {
		m.Text = why + "; nobody knows how much of it was done, if anything"
		return m, nil
	}
	switch id, err := h.startedBy(c); {
	case id != "":
		return message{Role: "tool", Call: c.ID, Job: id, Text: started(id)}, nil
	case isGone(err): // a job is damaged, and it may be this one
		m.Text = why + "; nobody knows whether it was started: " + err.Error()
		return m, nil
	case err != nil:
		return m, err
	}
	m.Text = why + "; it was not started"
	return m, nil
}

// startedBy returns the id of the job that a call has started; empty: none. A job is in the
// store before it runs, and so this is certain, unless there is an error.
func (h *host) startedBy(c call) (string, error) {
	records, err := h.jobs.List(jobs.Filter{Session: h.jobLabel(c)})
	if len(records) > 0 {
		return records[0].ID, nil
	}
	return "", err
}

// settleFollowUps acknowledges the ends of jobs that the agent was told of, when the host could
// not say so any more.
func (h *host) settleFollowUps() error {
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
