package parent

import "sync"

// queue carries what is to be told from whoever must not wait, such as the reader of the
// link, to somebody of the host's who may be slow: its logger, or its callback for events.
// It is bounded: when it is full, things are dropped and counted. Its goroutine runs while
// there is something to tell, and tells it in order.
type queue struct {
	most int       // things that may wait
	room int       // what their sizes may be altogether
	lost func(int) // tells how many were dropped

	mu      sync.Mutex
	waiting []told
	size    int
	dropped int
	idle    chan struct{} // closed when the goroutine has ended; nil while there is none
	closed  bool
}

// told is something that waits to be told.
type told struct {
	size int
	tell func()
}

// put queues something of about that size, or drops it. It never waits.
func (q *queue) put(size int, tell func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	// After the first that is dropped all are, until the queue is empty: so what is missing
	// is missing in one place, and told there.
	full := q.dropped > 0 || len(q.waiting) == q.most || len(q.waiting) > 0 && q.size+size > q.room
	switch {
	case q.closed: // it is over, and nobody is told of anything after the last thing
	case full:
		q.dropped++
	default:
		q.addLocked(told{size, tell})
	}
}

// close takes nothing more, but for one last thing, if that is not nil, which is never
// dropped. It returns a channel that is closed once all is told.
func (q *queue) close(last func()) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if last != nil {
		if n := q.dropped; n > 0 {
			q.dropped = 0
			q.addLocked(told{tell: func() { q.lost(n) }})
		}
		q.addLocked(told{tell: last})
	}
	if q.idle != nil {
		return q.idle
	}
	over := make(chan struct{})
	close(over)
	return over
}

// addLocked adds something whatever the bounds.
func (q *queue) addLocked(t told) {
	q.waiting = append(q.waiting, t)
	q.size += t.size
	if q.idle == nil {
		q.idle = make(chan struct{})
		go q.run(q.idle) // whoever calls close waits for it
	}
}

// run tells things until there are none.
func (q *queue) run(idle chan struct{}) {
	defer close(idle)
	for {
		next, dropped := q.take()
		switch {
		case next.tell != nil:
			next.tell()
		case dropped > 0:
			q.lost(dropped)
		default:
			return
		}
	}
}

// take takes the next thing, or the count of those that were dropped after the last.
func (q *queue) take() (next told, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		dropped, q.dropped = q.dropped, 0
		if dropped == 0 {
			q.idle, q.waiting = nil, nil
		}
		return next, dropped
	}
	next = q.waiting[0]
	q.waiting[0] = told{}
	q.waiting = q.waiting[1:]
	q.size -= next.size
	return next, 0
}
