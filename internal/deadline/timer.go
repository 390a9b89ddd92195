// Package deadline is how long to wait for what a process owes.
//
// Time in which the host itself did not run, since it was stopped, starved or suspended, is
// none that the process had, as far as the host can tell.
package deadline

import "time"

const (
	// tolerance is how late a timer may fire on a host that runs.
	tolerance = 100 * time.Millisecond
	// least is how much more time there is after one that fired late.
	least = time.Second
)

// Timer is how long is waited for something. The zero value has no end. It is for one
// goroutine.
type Timer struct {
	whole time.Duration
	last  time.Duration // that is still to come once it fires
	until time.Time     // it fires
	fired <-chan time.Time
	late  time.Duration // that it may fire
}

// New returns a timer that begins now. Without an end if d is negative.
func New(d time.Duration) Timer {
	t := Timer{whole: d, late: tolerance}
	if d >= 0 {
		t.begin(d)
	}
	return t
}

// begin lets the timer fire before d has passed, so that the last of it comes on its own: a host
// that was stopped until just before then has run for as long, and read what had come.
func (t *Timer) begin(d time.Duration) {
	t.last = min(tolerance, d/2)
	t.wait(d - t.last)
}

func (t *Timer) wait(d time.Duration) {
	t.until, t.fired = time.Now().Add(d), time.After(d)
}

// Fired tells when to call Passed. It is another channel after that.
func (t *Timer) Fired() <-chan time.Time { return t.fired }

// Passed is called once the timer has fired, and reports whether that is the end of it. If
// it fired late, it begins again, with what was lost: the host has not read meanwhile, and
// what it did not read, or the machine that did not run, is not the process's fault. Each time
// it may be twice as late, so that there is an end to that on a host that always is.
func (t *Timer) Passed() bool {
	switch late := time.Since(t.until); {
	case late > t.late:
		t.late *= 2
		t.begin(max(least, min(late, t.whole)))
	case t.last > 0:
		t.wait(t.last)
		t.last = 0
	default:
		return true
	}
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
