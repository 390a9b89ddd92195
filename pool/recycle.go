package pool

import "time"

// Cause is why a worker has left its place.
type Cause string

// The causes. After the first three, its place waits as Restart says; after the next two
// only if the worker had had no call.
const (
	CauseDied         Cause = "died"         // it has ended, or its link has, be it for what it sent
	CauseUnresponsive Cause = "unresponsive" // it did not answer pings for Health.Timeout, and is killed
	CauseFailures     Cause = "failures"     // too many calls in a row have failed

	CauseAsked  Cause = "asked"  // it has asked to be replaced, or the host has called Worker.Shutdown
	CauseMemory Cause = "memory" // it needs more than Recycle.Memory, or than its Memory.Limit

	CauseStuck    Cause = "stuck" // calls that were given up do not end; see Recycle
	CauseUses     Cause = "uses"
	CauseAge      Cause = "age"
	CauseIdle     Cause = "idle"
	CauseReload   Cause = "reload"
	CauseDiscard  Cause = "discarded" // a session has
	CauseUnneeded Cause = "unneeded"  // there are enough others
	CauseShutdown Cause = "shutdown"
)

// isDeath reports whether the worker was of no use any more when it left.
func (c Cause) isDeath() bool { return c == CauseDied || c == CauseUnresponsive }

// words is what a worker is told.
func (c Cause) words() string {
	switch c {
	case CauseDied:
		return "its link has ended"
	case CauseUnresponsive:
		return "it has not answered pings"
	case CauseAsked:
		return "it has asked to be replaced, or was shut down"
	case CauseFailures:
		return "too many of its calls in a row have failed"
	case CauseStuck:
		return "calls of it that were given up do not end"
	case CauseUses:
		return "it has had as many calls as it may"
	case CauseAge:
		return "it is old enough"
	case CauseIdle:
		return "it has been idle for long enough"
	case CauseMemory:
		return "it needs too much memory"
	case CauseReload:
		return "another kind of worker takes its place"
	case CauseDiscard:
		return "its session was discarded"
	case CauseUnneeded:
		return "there are enough workers without it"
	}
	return "the host shuts the pool down"
}

// lookAhead is after how many uses the successor of a worker is started that has so many.
func lookAhead(lastUse int) int { return lastUse - lastUse/4 }

// dueLocked returns why the member is to be replaced; or, if it is not, after how long to
// look again.
func (m *member) dueLocked(now time.Time) (cause Cause, wait time.Duration) {
	p := m.p
	r := &p.spec.Recycle
	wait = never
	switch {
	case m.generation != p.generation:
		return CauseReload, wait
	case m.lastUse > 0 && m.used >= lookAhead(m.lastUse):
		return CauseUses, wait
	case r.Memory > 0 && m.memory > r.Memory:
		return CauseMemory, wait
	case m.isSpoiltLocked():
		return CauseStuck, wait
	}
	if !m.expires.IsZero() {
		if wait = m.expires.Sub(now); wait <= 0 {
			return CauseAge, never
		}
	}
	if r.Memory > 0 || m.isStuck {
		wait = min(wait, pollEvery)
	}
	if r.Idle > 0 {
		left := m.idleForLocked(r.Idle, now)
		if left <= 0 && m.used > 0 {
			return CauseIdle, wait
		}
		wait = min(wait, max(left, r.Idle/10))
	}
	if d := p.spec.Size.idle(); d > 0 && p.isExtraLocked(m.slot) && len(m.slot.olds) == 0 {
		left := m.idleForLocked(d, now)
		if left <= 0 && p.movableLocked() == 0 {
			return CauseUnneeded, wait
		}
		wait = min(wait, max(left, d/10))
	}
	return "", wait
}

// isSpoiltLocked reports whether calls that were given up long ago have taken so much of the
// worker that a fresh one is better: it does nothing else, or has no room.
func (m *member) isSpoiltLocked() bool {
	return m.isStuck && m.givenUp > 0 && m.session == nil && (m.awaitedLocked() == 0 || m.roomLocked() <= 0)
}

// idleForLocked is how much is left of the time that the member may be idle.
func (m *member) idleForLocked(limit time.Duration, now time.Time) time.Duration {
	if m.inFlight > 0 || m.session != nil || m.holder != nil {
		return limit
	}
	return m.idleSince.Add(limit).Sub(now)
}

// measureLocked takes over how much memory the place's worker needed when it was last measured.
func (s *slot) measureLocked() {
	if m := s.current; m != nil && s.p.spec.Recycle.Memory > 0 {
		m.memory = m.w.Memory().Bytes
	}
}

// setHealth takes note of whether the worker answers pings. One that does not has no calls.
func (m *member) setHealth(healthy bool) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	m.unhealthy = !healthy
	if healthy {
		m.p.offerLocked(m)
	} else {
		m.unholdLocked()
	}
}

// setStuck takes note of whether the worker has calls that were given up long ago.
func (m *member) setStuck(stuck bool) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	m.isStuck = stuck
	if m.slot != nil {
		m.slot.poke()
	}
}
