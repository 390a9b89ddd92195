package main

import (
	"context"
	"sync"

	"github.com/kinwire/kinwire/wire"
)

// approvals are the calls that may be made, each once.
type approvals struct {
	answers answers // the person's; nil: whatever is asked for is approved

	mu      sync.Mutex
	granted map[string]bool // by the id of the call
}

// approve is the method by which the agent asks for the approval of a call. What was shown last
// is this call, and nothing else can be done with the approval.
func (h *host) approve(ctx context.Context, c call) (bool, error) {
	if err := h.queue.await(ctx, c); err != nil {
		return false, err
	}
	if h.approvals.answers != nil {
		h.approvals.answers.forget()
		h.ask("approve this? [y/N]")
		select {
		case reply := <-h.approvals.answers: // "" at the end of the input
			if reply != "y" && reply != "yes" {
				return false, wire.Errorf("denied", "the user does not approve")
			}
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	h.approvals.grant(c.ID)
	return true, nil
}

func (a *approvals) grant(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.granted == nil {
		a.granted = make(map[string]bool)
	}
	a.granted[id] = true
}

// spend reports whether a call was approved, and forgets that.
func (a *approvals) spend(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer delete(a.granted, id)
	return a.granted[id]
}
