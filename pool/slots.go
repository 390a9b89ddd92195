package pool

import "time"

// SlotState is what a place for a worker is doing.
type SlotState string

// The states of a place.
const (
	SlotStarting  SlotState = "starting"  // its worker is
	SlotReady     SlotState = "ready"     // its worker takes calls
	SlotFull      SlotState = "full"      // its worker has as many as it takes
	SlotSession   SlotState = "session"   // its worker is checked out, or is about to be
	SlotUnhealthy SlotState = "unhealthy" // its worker does not answer pings, and has no new calls
	SlotSpare     SlotState = "spare"     // its worker is to take the place of another
	SlotDraining  SlotState = "draining"  // it waits for the end of a worker
	SlotWaiting   SlotState = "waiting"   // after a failure, until RetryAt
	SlotBroken    SlotState = "broken"    // the same, with an open breaker
	SlotStopped   SlotState = "stopped"   // the pool has been shut down
)

// SlotInfo is what there is to know about a place for a worker.
type SlotInfo struct {
	Slot  int // its number
	State SlotState

	// Of its worker: 0 if there is none.
	PID         int
	Concurrency int // calls at a time
	InFlight    int
	Uses        int
	Failures    int // of calls, in a row
	Memory      int64
	Since       time.Time // when it was ready
	Generation  int       // how many Reloads were before it

	// Draining is how many former workers finish what they have.
	Draining int
	// Starts is how many starts of a worker have begun here.
	Starts int
	// BreakerOpen says that there were too many failures, RetryAt when there is the next
	// try after one, and LastError what the last one was.
	BreakerOpen bool
	RetryAt     time.Time
	LastError   error
}

// Slots returns what there is to know about each place, by its number.
func (p *Pool) Slots() []SlotInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	infos := make([]SlotInfo, 0, len(p.slots))
	for _, s := range p.slots {
		infos = append(infos, s.infoLocked(now))
	}
	return infos
}

func (s *slot) infoLocked(now time.Time) SlotInfo {
	info := SlotInfo{
		Slot:        s.number,
		State:       s.stateLocked(now),
		Draining:    len(s.olds),
		Starts:      s.starts,
		BreakerOpen: s.breaker.isOpen,
		LastError:   s.lastErr,
	}
	if s.current == nil && s.retryAt.After(now) && !s.p.closing {
		info.RetryAt = s.retryAt
	}
	if m := s.current; m != nil {
		info.PID, info.Concurrency, info.Since = m.w.PID(), m.limit, m.born
		info.InFlight, info.Uses, info.Failures = m.inFlight, m.used, m.failures
		info.Memory, info.Generation = m.memory, m.generation
	}
	return info
}

func (s *slot) stateLocked(now time.Time) SlotState {
	m := s.current
	switch {
	case m == nil && s.starting:
		return SlotStarting
	case m == nil && s.p.closing && len(s.olds) == 0:
		return SlotStopped
	case m == nil && s.p.closing:
		return SlotDraining
	case m == nil && s.retryAt.After(now) && s.breaker.isOpen:
		return SlotBroken
	case m == nil && s.retryAt.After(now):
		return SlotWaiting
	case m == nil && len(s.olds) > 0:
		return SlotDraining
	case m == nil:
		return SlotStarting
	case s.isSpare:
		return SlotSpare
	case m.session != nil || m.holder != nil:
		return SlotSession
	case m.unhealthy:
		return SlotUnhealthy
	case m.roomLocked() <= 0:
		return SlotFull
	}
	return SlotReady
}

// membersLocked are all that have the place, or had it and have not ended.
func (s *slot) membersLocked() []*member {
	if s.current == nil {
		return s.olds
	}
	return append([]*member{s.current}, s.olds...)
}
