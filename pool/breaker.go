package pool

import (
	"slices"
	"time"
)

// breaker counts the failures of a place. While it is open, the place makes a try now and
// then only.
type breaker struct {
	isOpen   bool
	failures []time.Time // within the window, the oldest first
}

// fail counts a failure, and reports whether that has opened the breaker.
func (b *breaker) fail(now time.Time, r *Restart) (opened bool) {
	if r.failures() < 0 {
		return false
	}
	b.failures = append(slices.DeleteFunc(b.failures, func(t time.Time) bool { return now.Sub(t) >= r.window() }), now)
	if b.isOpen || len(b.failures) < r.failures() {
		return false
	}
	b.isOpen = true
	return true
}

// close forgets all failures, and reports whether the breaker was open.
func (b *breaker) close() (wasOpen bool) {
	wasOpen = b.isOpen
	*b = breaker{}
	return wasOpen
}
