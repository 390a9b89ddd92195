package parent

import "time"

// limit is how long is waited for something that the worker owes. Time in which the host
// itself did not run is none that the worker had, as far as the host can tell.
type limit struct {
	whole time.Duration
	until time.Time
	fired <-chan time.Time // never, of a limit without an end, and of the zero value
	late  time.Duration    // that it may fire
}

// newLimit returns a limit that begins now. Without an end if d is negative.
func newLimit(d time.Duration) limit {
	l := limit{whole: d, late: tolerance}
	if d >= 0 {
		l.wait(d)
	}
	return l
}

func (l *limit) wait(d time.Duration) {
	l.until, l.fired = time.Now().Add(d), time.After(d)
}

// passed is called once the limit has fired, and reports whether that is the end of it. If
// it fired late, it begins again, with what was lost: the host has not read meanwhile, and
// what it did not read, or the machine that did not run, is not the worker's fault. Each time
// it may be twice as late, so that there is an end to that on a host that always is.
func (l *limit) passed() bool {
	late := time.Since(l.until)
	if late <= l.late {
		return true
	}
	l.late *= 2
	l.wait(max(farewell, min(late, l.whole)))
	return false
}

// await waits for an event, but not longer than d, which is not negative, and reports whether
// it came.
func (w *Worker) await(event <-chan struct{}, d time.Duration) bool {
	end := newLimit(d)
	for {
		select {
		case <-event:
			return true
		case <-end.fired:
			if end.passed() {
				return happened(event) // select picks at random if both have
			}
		}
	}
}

// happened reports whether an event has come.
func happened(event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	default:
		return false
	}
}
