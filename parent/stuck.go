package parent

import (
	"time"

	"github.com/kinwire/kinwire/internal/peer"
)

// Whether a worker that lives gets on as well. Pings can't tell: SDKs answer them from where
// no handler can block. What can is a call whose caller has left, which a handler that heeds
// its end ends at once.

// stuckAfter is for how long such a call may take.
func (h *health) stuckAfter() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spec.stuck()
}

// abandoned tells of calls that do not end, once until there are none.
func (h *health) abandoned(a peer.Activity) {
	stuck := a.Abandoned > 0
	h.mu.Lock()
	turned := stuck != h.callsTold
	h.callsTold = stuck
	if turned && h.onStuck != nil {
		h.onStuck(stuck)
	}
	h.mu.Unlock()
	if turned && stuck {
		h.w.tell(Stuck{Calls: a.Abandoned, For: a.Longest})
	}
}
