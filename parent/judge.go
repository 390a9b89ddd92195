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
	sick         bool // the worker is unhealthy from now on
	misses       int
	alarm        func(*Worker) // OnUnhealthy
	unresponsive bool
}

// judge looks at the pings. slept is for how long the machine has been suspended, ever.
func (h *health) judge(now time.Time, slept time.Duration) (f finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || h.spec.interval() < 0 {
		return finding{over: true}
	}
	stood := h.excuseLocked(now, slept)
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
		h.unhealthy, f.sick, f.alarm = true, true, h.spec.OnUnhealthy
	}
	f.misses = h.misses
	return f
}

// excuseLocked leaves out the time in which the host has not run since it was last known to,
// as far as can be told: the timer was late, or the machine was suspended. What the host did
// not read meanwhile is not the worker's fault. It reports whether that was long enough to
// ask the worker again before anything is held against it.
func (h *health) excuseLocked(now time.Time, slept time.Duration) (stood bool) {
	late := h.lateLocked(now)
	suspended := slept-h.slept > tolerance
	h.slept, h.due = slept, now
	h.lost += late
	for i := range h.open {
		h.open[i].sent = h.open[i].sent.Add(late)
	}
	stood = suspended || late > max(tolerance, h.spec.step()/2)
	if stood {
		h.proof = proofPings
	}
	return stood
}

// lateLocked returns for how long the timer should have fired already, and has not.
func (h *health) lateLocked(now time.Time) time.Duration {
	if h.due.IsZero() {
		return 0 // it was never set
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
