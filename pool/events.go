package pool

import "time"

// Event is something that has happened to a worker or its place.
type Event struct {
	Time time.Time
	Kind EventKind
	// Slot is the number of the place, and PID the worker's process id: 0 if it has none.
	Slot, PID int
	// Cause is why the worker leaves, or has left.
	Cause Cause
	// Err is what went wrong: of an end the *process.ExitError with its report, of a start
	// the *parent.StartError. Nil if nothing did.
	Err error
	// Delay is after how long the place has another try, if the worker has failed.
	Delay time.Duration
	// Missed is how many events before this one were dropped, as OnEvent was too slow.
	Missed int
}

// EventKind is what has happened.
type EventKind string

// The kinds of events.
const (
	Ready         EventKind = "ready"        // a worker is
	StartFailed   EventKind = "start_failed" // there is none
	Leaving       EventKind = "leaving"      // a worker has no new calls from now on
	Ended         EventKind = "ended"        // it is gone
	BreakerOpened EventKind = "breaker_opened"
	BreakerClosed EventKind = "breaker_closed"
)

const (
	// maxEvents is how many may wait for OnEvent.
	maxEvents = 1024
	// lastEvents is how long the end of a pool waits for OnEvent to have them all.
	lastEvents = time.Second
)

// events carries events to OnEvent, which nobody waits for.
type events struct {
	queue  chan Event
	missed int // guarded by Pool.mu
	done   chan struct{}
}

func newEvents(tell func(Event)) *events {
	e := &events{queue: make(chan Event, maxEvents), done: make(chan struct{})}
	go func() { // until close, and all are told
		defer close(e.done)
		for event := range e.queue {
			tell(event)
		}
	}()
	return e
}

// tellLocked queues an event, or drops it.
func (p *Pool) tellLocked(event Event) {
	e := p.events
	if e == nil {
		return
	}
	event.Time, event.Missed = time.Now(), e.missed
	select {
	case e.queue <- event:
		e.missed = 0
	default:
		e.missed++
	}
}

// close waits, with a bound, until all events are told. None comes after it.
func (e *events) close() {
	if e == nil {
		return
	}
	close(e.queue)
	t := time.NewTimer(lastEvents)
	defer t.Stop()
	select {
	case <-e.done:
	case <-t.C:
	}
}
