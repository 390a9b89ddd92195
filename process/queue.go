package process

import "sync"

const (
	queueBytes = 1 << 20  // of text that may wait
	queueLines = 16 << 10 // lines or chunks that may wait

	// releaseBytes and releaseLines are how much more may wait once the leader has exited
	// and nobody may be held up any more: what the pipes can hold, and what was just read.
	// The line that each of two readers has begun comes to that.
	releaseBytes = 1<<20 + 2*readSize
	releaseLines = 128 << 10
)

// queue carries output from those who read it to the one who takes it, who may be slow. It
// is bounded: when it is full, output is dropped and counted, or its readers wait. Either
// it calls handle, on a goroutine that is there only while something waits, or somebody
// calls take.
type queue struct {
	handle    func(item)    // nil: somebody calls take
	measure   func(int) int // what is dropped of so many bytes, in the unit of Output.Missed
	delivered chan struct{} // closed when handle is called no more

	mu        sync.Mutex
	changed   sync.Cond
	whenSlow  WhenSlow
	maxBytes  int
	maxLines  int
	in        batch // the readers fill it
	out       batch // it is emptied; they are swapped
	gap       int   // what was dropped after the batch in
	missed    [Stderr + 1]int
	readers   int  // whose stream has not ended
	held      int  // readers that wait for room
	handling  bool // there is a goroutine that calls handle
	abandoned bool // nobody wants anything any more
}

// newQueue returns an empty queue of lines of at most maxLine bytes, for so many readers.
func newQueue(whenSlow WhenSlow, maxLine, readers int, handle func(item)) *queue {
	q := &queue{
		handle:    handle,
		measure:   countLine,
		delivered: make(chan struct{}),
		whenSlow:  whenSlow,
		maxBytes:  max(queueBytes, maxLine),
		maxLines:  queueLines,
		readers:   readers,
	}
	q.changed.L = &q.mu
	return q
}

// countLine and countBytes are the units in which a queue counts what it drops.
func countLine(int) int       { return 1 }
func countBytes(size int) int { return size }

// put queues a copy of text, drops it, or waits until there is room. After the first that
// is dropped all are, until the batch is taken: so what is missing is missing in one place.
func (q *queue) put(s Stream, text []byte, continues bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.awaitRoomLocked(len(text))
	b := &q.in
	b.full = b.full || !q.fitsLocked(len(text))
	if b.full || q.abandoned {
		q.gap += q.measure(len(text))
		q.dropLocked(s, len(text))
		return
	}
	b.text = append(b.text, text...)
	b.pieces = append(b.pieces, piece{end: len(b.text), stream: s, continues: continues})
	q.wakeLocked()
}

// awaitRoomLocked holds the reader up until its text fits, if that is what is wanted.
func (q *queue) awaitRoomLocked(size int) {
	q.held++
	for q.whenSlow == PauseCommand && !q.abandoned && !q.in.isEmpty() && !q.fitsLocked(size) {
		q.changed.Wait()
	}
	q.held--
}

// fitsLocked reports whether there is room for so many bytes.
func (q *queue) fitsLocked(size int) bool {
	return len(q.in.text)+size <= q.maxBytes && len(q.in.pieces) < q.maxLines
}

// wakeLocked sees to that somebody takes what waits.
func (q *queue) wakeLocked() {
	q.changed.Broadcast()
	if q.handle != nil && !q.handling {
		q.handling = true
		go q.handOut() // until nothing waits; delivered tells when it is not started again
	}
}

// end says that nothing more comes from one of the readers.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.readers--
	q.changed.Broadcast()
	q.concludeLocked()
}

// release lets no reader wait any more, if any had to, and makes room for what the pipes can
// still hold.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.whenSlow == PauseCommand {
		q.whenSlow = DropOutput
		q.maxBytes += 2*q.maxBytes + releaseBytes
		q.maxLines += releaseLines
		q.changed.Broadcast()
	}
}

// holdsUp reports whether a reader waits for room.
func (q *queue) holdsUp() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held > 0
}

// handOut calls handle until nothing waits, or a call ends its goroutine, as the FailNow of a
// test does: then nobody wants the rest.
func (q *queue) handOut() {
	ended := true
	defer func() {
		if ended {
			q.abandon()
			q.next() // which says that handle is called no more
		}
	}()
	for {
		i, ok := q.next()
		if !ok {
			break
		}
		q.handle(i)
	}
	ended = false
}

// next returns what waits; !ok means that handOut has to end.
func (q *queue) next() (i item, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refillLocked(); q.abandoned || q.out.isEmpty() {
		q.handling = false
		q.in, q.out = q.in.rest(), q.out.rest()
		q.concludeLocked()
		return item{}, false
	}
	return q.out.pop(), true
}

// take waits for the next item; !ok means that there is none any more.
func (q *queue) take() (i item, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.abandoned && q.readers > 0 && q.out.isEmpty() && q.in.isEmpty() {
		q.changed.Wait()
	}
	if q.refillLocked(); q.abandoned || q.out.isEmpty() {
		return item{}, false
	}
	return q.out.pop(), true
}

// refillLocked swaps the batches when the one that is emptied is empty.
func (q *queue) refillLocked() {
	if q.out.isEmpty() && !q.in.isEmpty() {
		q.in, q.out = q.out.reset(q.gap), q.in
		q.gap = 0
		q.changed.Broadcast()
	}
}

// concludeLocked tells when handle is called no more.
func (q *queue) concludeLocked() {
	if q.readers > 0 || q.handling {
		return
	}
	select {
	case <-q.delivered:
	default:
		close(q.delivered)
	}
}

// abandon drops what waits and all that comes. Nothing is handed out any more, though a
// call may still be running.
func (q *queue) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.abandoned {
		q.abandoned = true
		q.out.forget(q.dropLocked)
		q.in.forget(q.dropLocked)
	}
	q.changed.Broadcast()
}

// dropLocked counts so many bytes of a stream as missed.
func (q *queue) dropLocked(s Stream, size int) { q.missed[s] += q.measure(size) }

// missedOf returns how much of a stream was not handed out.
func (q *queue) missedOf(s Stream) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.missed[s]
}
