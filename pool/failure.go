package pool

import (
	"errors"
	"slices"
	"time"
)

// lostLocked takes note that a member has left. If that is a failure of the place, it returns
// after how long there is the next one; of a worker that is dead it is known later.
func (s *slot) lostLocked(m *member) (delay time.Duration) {
	if s.current == m {
		s.current = nil
	}
	s.olds = append(s.olds, m)
	s.poke()
	switch {
	case s.p.closing:
	case m.cause == CauseFailures:
		return s.lostToLocked(m, errFailures)
	case m.cause == CauseAsked && m.used == 0:
		return s.lostToLocked(m, errLeftAtOnce)
	case m.cause == CauseMemory && m.used == 0:
		return s.lostToLocked(m, errTooLarge)
	}
	return 0
}

var (
	errFailures   = errors.New("too many calls in a row have failed")
	errLeftAtOnce = errors.New("the worker has asked to be replaced, or was shut down, before it had a call")
	errTooLarge   = errors.New("the worker needed too much memory before it had a call")
)

// buriedLocked takes note that a worker has ended, as err says, and returns after how long
// there is the next one if it has died.
func (s *slot) buriedLocked(m *member, err error) (delay time.Duration) {
	s.olds = slices.DeleteFunc(s.olds, func(o *member) bool { return o == m })
	if m.cause.isDeath() && !s.p.closing {
		delay = s.lostToLocked(m, m.endedLocked(err))
	}
	if s.current != nil {
		s.p.offerLocked(s.current)
	}
	s.poke()
	return delay
}

// lostToLocked counts a failure of the place that a worker is lost to.
func (s *slot) lostToLocked(m *member, err error) time.Duration {
	now := time.Now()
	if now.Sub(m.born) >= s.p.spec.Restart.healthy() {
		s.recoverLocked()
	}
	if s.barren++; m.used > 0 {
		s.barren = 0
	}
	return s.failLocked(now, err)
}

// failLocked counts a failure of the place, and returns after how long it tries again.
func (s *slot) failLocked(now time.Time, err error) time.Duration {
	p := s.p
	s.lastErr, p.lastErr = err, err
	if s.breaker.fail(now, &p.spec.Restart) {
		p.tellLocked(Event{Kind: BreakerOpened, Slot: s.number, Err: err})
	}
	delay := s.backoff.next(&p.spec.Restart)
	if s.breaker.isOpen {
		delay = p.spec.Restart.retry()
	}
	s.retryAt = now.Add(delay)
	p.despairLocked(s, err)
	p.refuseLocked()
	return delay
}

// forgivenInLocked is how long until the worker has lived for long enough.
func (s *slot) forgivenInLocked(now time.Time) time.Duration {
	if s.backoff.failures == 0 && !s.breaker.isOpen {
		return never
	}
	return s.current.born.Add(s.p.spec.Restart.healthy()).Sub(now)
}

func (s *slot) forgiveLocked(now time.Time) {
	if s.forgivenInLocked(now) <= 0 {
		s.recoverLocked()
	}
}

// recoverLocked forgets all failures.
func (s *slot) recoverLocked() {
	s.backoff.reset()
	s.barren = 0
	s.retryAt = time.Time{}
	if s.breaker.close() {
		s.p.tellLocked(Event{Kind: BreakerClosed, Slot: s.number})
	}
}

// isDownLocked reports whether there is no use in waiting for a worker here.
func (s *slot) isDownLocked() bool {
	return s.current == nil && (s.breaker.isOpen || s.barren >= hopeless)
}
