package parent

import (
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	logBytes = 1 << 20 // of text that may wait for the host's logger
	logLines = 4 << 10 // that may wait for it
)

// logQueue carries log lines from whoever must not wait, such as the reader of the link, to
// the host's logger, which may be slow. It is bounded: when it is full, lines are dropped
// and counted. Its goroutine runs while there is something to write.
type logQueue struct {
	lost func(lines int) // writes how many were dropped

	mu      sync.Mutex
	lines   []logLine
	bytes   int
	dropped int
	idle    chan struct{} // closed when the goroutine has ended; nil while there is none
	closed  bool
}

type logLine struct {
	size  int
	write func()
}

// put queues a line of about that size, or drops it. It never waits.
func (q *logQueue) put(size int, write func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	// After the first that is dropped all are, until the queue is empty: so what is missing
	// is missing in one place, and told there.
	full := q.dropped > 0 || len(q.lines) == logLines || len(q.lines) > 0 && q.bytes+size > logBytes
	if full || q.closed {
		q.dropped++
		return
	}
	q.lines = append(q.lines, logLine{size, write})
	q.bytes += size
	if q.idle == nil {
		q.idle = make(chan struct{})
		go q.run(q.idle) // close waits for it
	}
}

// run writes lines until there are none.
func (q *logQueue) run(idle chan struct{}) {
	defer close(idle)
	for {
		line, dropped := q.take()
		switch {
		case line.write != nil:
			line.write()
		case dropped > 0:
			q.lost(dropped)
		default:
			return
		}
	}
}

// take takes the next line, or the count of those that were dropped after the last.
func (q *logQueue) take() (line logLine, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) == 0 {
		dropped, q.dropped = q.dropped, 0
		if dropped == 0 {
			q.idle, q.lines = nil, nil
		}
		return line, dropped
	}
	line = q.lines[0]
	q.lines[0] = logLine{}
	q.lines = q.lines[1:]
	q.bytes -= line.size
	return line, 0
}

// close takes no more lines, and returns a channel that is closed once all are written.
func (q *logQueue) close() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if q.idle != nil {
		return q.idle
	}
	over := make(chan struct{})
	close(over)
	return over
}

// logger returns l, but with lines that go through the queue.
func (q *logQueue) logger(l *zap.Logger) *zap.Logger {
	return l.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return queuedCore{c, q} }))
}

// queuedCore is the core of a logger whose lines go through a queue.
type queuedCore struct {
	zapcore.Core
	queue *logQueue
}

// With implements [zapcore.Core].
func (c queuedCore) With(fields []zapcore.Field) zapcore.Core {
	return queuedCore{c.Core.With(fields), c.queue}
}

// Check implements [zapcore.Core].
func (c queuedCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements [zapcore.Core].
func (c queuedCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.queue.put(len(e.Message)+len(e.Stack), func() { c.write(e, fields) })
	return nil
}

// write is what Write does in its turn. The core's own Check decides who gets the line.
func (c queuedCore) write(e zapcore.Entry, fields []zapcore.Field) {
	if ce := c.Core.Check(e, nil); ce != nil {
		ce.Write(fields...)
	}
}
