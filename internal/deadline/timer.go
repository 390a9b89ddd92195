// Package deadline is how long to wait for what a process owes.
//
// Time in which the host itself did not run, since it was stopped, starved or suspended, is
// none that the process had, as far as the host can tell.
package deadline

import "time"

const (
	// tolerance is how late a timer may fire on a host that runs.
	tolerance = 100 * time.Millisecond
	// least is how much more time there is at least after one that fired late.
	least = time.Second
	// step is how long a timer may be before it fires, so that it is seen whether the host runs.
	step = time.Second
)

// Timer is how long is waited for something. The zero value has no end. It is for one
// goroutine.
type Timer struct {
	left  time.Duration // that is still to come once it fires
	until time.Time     // it fires
	fired <-chan time.Time
	late  time.Duration // that it may fire
}

// New returns a timer that begins now. Without an end if d is negative.
func New(d time.Duration) Timer {
	t := Timer{left: d, late: tolerance}
	if d >= 0 {
		t.next()
	}
	return t
}

// next begins the next step. The last of the time comes on its own: a host that was stopped until
// just before then has run for as long, and read what had come.
func (t *Timer) next() {
	d := t.left
	if d > tolerance {
		d = min(step, d-tolerance)
	}
	t.left -= d
	t.until, t.fired = time.Now().Add(d), time.After(d)
}

// Fired tells when to call Passed. It is another channel after that.
func (t *Timer) Fired() <-chan time.Time { return t.fired }

// Passed is called once the timer has fired, and reports whether that is the end of it. If
// it fired late, only its step counts, and some time is left in any case: the host has not read
// meanwhile, and what it did not read, or the machine that did not run, is not the process's
// fault. Each time it may be twice as late, so that there is an end to that on a host that always
// is.
func (t *Timer) Passed() bool {
	if time.Since(t.until) > t.late {
		t.late *= 2
		t.left = max(t.left, least)
	}
	if t.left == 0 {
		return true
	}
	t.next()
	return false
}

// Await waits for an event until its time has passed, and reports whether it came.
func (t *Timer) Await(event <-chan struct{}) bool {
	for {
		select {
		case <-event:
			return true
		case <-t.fired:
			if t.Passed() {
				return Happened(event) // select picks at random if both have
			}
		}
	}
}

// Await waits for an event, but not longer than d, and reports whether it came.
func Await(event <-chan struct{}, d time.Duration) bool {
	t := New(d)
	return t.Await(event)
}

// Happened reports whether an event has come.
func Happened(event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	default:
		return false
	}
}
