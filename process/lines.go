package process

import "sync"

const (
	queueBytes = 1 << 20  // of text that may wait for OnLine, for each stream
	queueLines = 16 << 10 // that may wait for OnLine, for each stream
	keepBytes  = 64 << 10 // of a batch's memory that is worth keeping for the next one
)

// lineQueue carries the lines of one stream from the reader, who must never wait, to OnLine,
// who may be slow. It is bounded: when it is full, lines are dropped and counted. The
// methods that a capture calls do nothing on a nil queue.
type lineQueue struct {
	stream    Stream
	split     splitter      // the reader's
	delivered chan struct{} // closed when OnLine is called no more

	mu        sync.Mutex
	changed   sync.Cond
	in        batch // the reader fills it
	out       batch // deliver empties it; they are swapped
	gap       int   // lines dropped after those in the batch in
	missed    int   // lines dropped altogether
	ended     bool  // no line comes after those in the batches
	abandoned bool  // nobody wants those either
}

// batch is lines behind each other in one buffer.
type batch struct {
	text   []byte
	lines  []piece
	next   int // of lines
	missed int // lines dropped before the first
	full   bool
}

// piece is where a line of a batch ends.
type piece struct {
	end       int
	continues bool
}

// newLineQueue returns an empty queue. Somebody must run deliver.
func newLineQueue(s Stream) *lineQueue {
	q := &lineQueue{stream: s, delivered: make(chan struct{})}
	q.changed.L = &q.mu
	return q
}

// write queues the lines that b completes.
func (q *lineQueue) write(b []byte) {
	if q != nil {
		q.split.write(b, q.put)
	}
}

// end queues what is left of the last line, and ends the queue.
func (q *lineQueue) end() {
	if q == nil {
		return
	}
	q.split.end(q.put)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.changed.Signal()
}

// put queues a copy of a line, or drops it. After the first that is dropped all are, until
// the batch is taken: so what is missing is missing in one place.
func (q *lineQueue) put(text []byte, continues bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := &q.in
	b.full = b.full || len(b.text)+len(text) > queueBytes || len(b.lines) == queueLines
	if b.full || q.abandoned {
		q.gap++
		q.missed++
		return
	}
	b.text = append(b.text, text...)
	b.lines = append(b.lines, piece{end: len(b.text), continues: continues})
	q.changed.Signal()
}

// deliver hands the lines to f, one by one, until the queue has ended or is abandoned.
func (q *lineQueue) deliver(f func(Line)) {
	defer close(q.delivered)
	for {
		line, ok := q.take()
		if !ok {
			return
		}
		f(line)
	}
}

// take waits for the next line, whose text is valid until the next take.
func (q *lineQueue) take() (Line, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.abandoned && !q.ended && q.out.isEmpty() && q.in.isEmpty() {
		q.changed.Wait()
	}
	if q.out.isEmpty() {
		q.in, q.out = q.out.reset(q.gap), q.in
		q.gap = 0
	}
	if q.abandoned || q.out.isEmpty() {
		return Line{}, false
	}
	line := q.out.pop()
	line.Stream = q.stream
	return line, true
}

// abandon drops what waits. OnLine is not called again, though a call may still be running.
func (q *lineQueue) abandon() {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.abandoned {
		q.abandoned = true
		q.missed += q.out.left() + q.in.left()
	}
	q.changed.Signal()
}

// missedLines returns how many lines OnLine did not get.
func (q *lineQueue) missedLines() int {
	if q == nil {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.missed
}

// pop returns the next line, and remembers it as handed out.
func (b *batch) pop() Line {
	begin := 0
	if b.next > 0 {
		begin = b.lines[b.next-1].end
	}
	last := b.lines[b.next]
	line := Line{Text: b.text[begin:last.end:last.end], Continues: last.continues}
	if b.next == 0 {
		line.Missed = b.missed
	}
	b.next++
	return line
}

// left returns how many lines were not handed out yet.
func (b *batch) left() int { return len(b.lines) - b.next }

// isEmpty reports whether all lines were handed out.
func (b *batch) isEmpty() bool { return b.left() == 0 }

// reset returns an empty batch that comes after missed lines. It reuses the memory of b,
// unless that was a rare flood's.
func (b *batch) reset(missed int) batch {
	if cap(b.text) > keepBytes {
		return batch{missed: missed}
	}
	return batch{text: b.text[:0], lines: b.lines[:0], missed: missed}
}
