package parent

import "time"

const (
	// maxStretch is how many times the interval an idle worker is left alone.
	maxStretch = 4
	// gridPart is into how many parts an interval is divided by the moments at which idle
	// workers are pinged. What costs an idle host is to wake up: it does once for all whose
	// moment is the same.
	gridPart = 5
)

// rest sets the timer for the next look.
func (h *health) rest() {
	a := h.w.peer.Activity(h.stuckAfter())
	h.abandoned(a)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer == nil || h.over || h.spec.interval() < 0 {
		return
	}
	now := time.Now()
	awaited := h.awaitedLocked()
	if !awaited && !h.settled {
		h.settled = true
		h.settleLocked(a.Open == 0 && a.Begun == h.begun)
	}
	wait := h.next.Sub(now)
	if awaited {
		wait = min(wait, h.spec.step())
	}
	h.setLocked(now, wait)
}

// settleLocked decides, once a ping is answered, when the next one is due.
func (h *health) settleLocked(idle bool) {
	if !idle || h.unhealthy || h.uneasy {
		h.stretch = 1
		return
	}
	h.stretch = min(2*h.stretch, maxStretch)
	h.next = onGrid(h.pinged.Add(time.Duration(h.stretch)*h.spec.interval()), h.spec.interval()/gridPart)
	h.dozing.Store(true)
}

// onGrid returns the first moment from t on that is one of all that are so far apart. They are
// told by the time of day, as every worker's then are the same; a step of that shifts them.
func onGrid(t time.Time, apart time.Duration) time.Time {
	if apart <= 0 {
		return t
	}
	past := time.Duration(t.UnixNano()) % apart
	return t.Add((apart - past) % apart)
}

// rouse goes back to the usual interval, as a call comes.
func (h *health) rouse() {
	if !h.dozing.Swap(false) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stretch = 1
	if h.over || h.spec.interval() < 0 {
		return
	}
	now := time.Now()
	h.next = h.pinged.Add(h.spec.interval())
	h.setLocked(now, h.next.Sub(now))
}

// setLocked sets the timer.
func (h *health) setLocked(now time.Time, wait time.Duration) {
	h.excuseLocked(now)
	wait = max(0, wait)
	h.due = now.Add(wait)
	h.timer.Reset(wait)
}
