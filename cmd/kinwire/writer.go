package main

import (
	"io"
	"sync"
	"time"
)

// writerKeep is the largest buffer that is worth keeping.
const writerKeep = 1 << 20

// lineWriter writes lines from a goroutine of its own: what is printed while it writes goes
// together with its next write, and nothing waits longer than that. So a slow reader costs
// few writes, and a fast one waits for no line. Its methods may be called by any number of
// goroutines at a time.
type lineWriter struct {
	to     io.Writer
	limit  int           // in bytes, from which on lines have to wait
	broken chan struct{} // closed when a write has failed
	done   chan struct{} // closed when nothing will be written any more

	mu       sync.Mutex
	changed  sync.Cond
	waiting  []byte // the next write
	spare    []byte
	writing  bool
	finished bool
	err      error
}

// newLineWriter returns a writer, which lasts until finish.
func newLineWriter(to io.Writer, limit int) *lineWriter {
	w := &lineWriter{to: to, limit: limit, broken: make(chan struct{}), done: make(chan struct{})}
	w.changed.L = &w.mu
	go w.write() // until finish; done tells when
	return w
}

// print adds a line, as soon as less than the limit waits before it. It returns the error of an
// earlier write.
func (w *lineWriter) print(line []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) >= w.limit && w.err == nil {
		w.changed.Wait()
	}
	w.addLocked(line)
	return w.err
}

// offer adds a line unless it would have to wait, and reports whether it did.
func (w *lineWriter) offer(line []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) >= w.limit {
		return false
	}
	w.addLocked(line)
	return true
}

func (w *lineWriter) addLocked(line []byte) {
	if w.err == nil {
		w.waiting = append(w.waiting, line...)
		w.changed.Broadcast()
	}
}

// drain waits until all lines are written, but no longer than that.
func (w *lineWriter) drain(most time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	late := false
	defer time.AfterFunc(most, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		late = true
		w.changed.Broadcast()
	}).Stop()
	for (len(w.waiting) > 0 || w.writing) && w.err == nil && !late {
		w.changed.Wait()
	}
}

// finish tells that no more lines will come; any that do may be lost. When done is closed,
// all are written.
func (w *lineWriter) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.changed.Broadcast()
}

// failure returns why a write has failed, or nil.
func (w *lineWriter) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// write writes what waits, until finish or an error.
func (w *lineWriter) write() {
	defer close(w.done)
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil {
		for len(w.waiting) == 0 {
			if w.finished {
				return
			}
			w.changed.Wait()
		}
		w.writeLocked()
	}
	close(w.broken)
}

// writeLocked writes, without the lock, what waits.
func (w *lineWriter) writeLocked() {
	lines := w.waiting
	w.waiting = w.spare[:0]
	w.writing = true
	w.changed.Broadcast()
	w.mu.Unlock()
	_, err := w.to.Write(lines)
	w.mu.Lock()
	w.writing = false
	w.changed.Broadcast()
	w.spare = nil
	if cap(lines) <= writerKeep {
		w.spare = lines
	}
	if err != nil {
		w.err, w.waiting = err, nil
		w.changed.Broadcast()
	}
}
