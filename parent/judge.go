package parent

import "time"

const (
	// proofPings is how many pings must go unanswered after the host did not run, before
	// silence is held against the worker.
	proofPings = 2
	// tolerance is for how long the host may not run without that.
	tolerance = 100 * time.Millisecond
)

// finding is what a look at the pings has found.
type finding struct {
	over         bool // nobody wants to know any more
	ping         bool // it is time for the next one
	unresponsive bool
}

// judge looks at the pings. slept is for how long the machine has been suspended, ever.
func (h *health) judge(now time.Time, slept time.Duration) (f finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || h.spec.interval() < 0 {
		return finding{over: true}
	}
	h.excuseLocked(now)
	stood := h.stood || slept-h.slept > tolerance
	h.stood, h.slept = false, slept
	if stood {
		h.proof = proofPings
	}
	timeout := h.spec.timeout()
	silent := timeout > 0 && len(h.open) > 0 && now.Sub(h.open[0].sent) >= timeout
	f.ping = stood || !now.Before(h.next)
	if silent && h.proof > 0 {
		h.proof--
		f.ping, silent = true, false
	}
	f.unresponsive = silent
	h.over = silent
	excused := stood || 2*h.lost > h.spec.interval()
	if f.ping && h.awaitedLocked() {
		h.stretch = 1
		if !excused {
			h.misses++
		}
	}
	if allowed := h.spec.misses(); allowed > 0 && h.misses >= allowed && !h.unhealthy {
		h.sickenLocked()
	}
	return f
}

// sickenLocked makes the worker unhealthy. That is told under the lock, and so is that it has
// recovered: they come in the order in which they happened.
func (h *health) sickenLocked() {
	h.turnLocked(false)
	h.w.tell(Unhealthy{h.misses})
	if alarm := h.spec.OnUnhealthy; alarm != nil {
		h.w.events.put(1, func() { alarm(h.w) })
	}
}

// recoverLocked makes it healthy, if it was not.
func (h *health) recoverLocked() {
	if h.unhealthy {
		h.turnLocked(true)
		h.w.tell(Recovered{})
	}
}

// excuseLocked leaves out the time in which the host has not run, as far as the timer tells
// by being late. What the host did not read meanwhile is not the worker's fault. If that was
// long, the worker is asked again before anything is held against it.
//
// It comes before whatever sets the timer anew, which would forget that it was late.
func (h *health) excuseLocked(now time.Time) {
	late := h.lateLocked(now)
	if late == 0 {
		return
	}
	h.due = now
	h.lost += late
	for i := range h.open {
		h.open[i].sent = h.open[i].sent.Add(late)
	}
	for _, a := range h.asking {
		a.sent = a.sent.Add(late)
	}
	h.stood = h.stood || late > max(tolerance, h.spec.step()/2)
}

// lateLocked returns for how long the timer should have fired already, and has not.
func (h *health) lateLocked(now time.Time) time.Duration {
	if h.due.IsZero() {
		return 0 // it is not set
	}
	return max(0, now.Sub(h.due))
}

// awaitedLocked reports whether the newest ping is unanswered, those of Ping aside.
func (h *health) awaitedLocked() bool {
	for _, p := range h.open {
		if p.seq == h.asked {
			return true
		}
	}
	return false
}
