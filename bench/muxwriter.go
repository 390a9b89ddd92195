//go:build unix

package main

import (
	"encoding/binary"
	"net"
	"sync"
)

const (
	muxHeader = 8       // u32 length of the body, u32 id, big endian
	maxQueued = 1 * miB // bytes that wait to be written before senders wait as well
)

// A muxFrame is a body on its way, and what is to be done once it is written.
type muxFrame struct {
	id      uint32
	body    []byte
	written func(body []byte) // may be nil
}

// A muxWriter writes the frames of any number of senders, all that are there with one
// writev.
type muxWriter struct {
	conn   net.Conn
	mu     sync.Mutex
	more   sync.Cond // queue or err has changed
	room   sync.Cond // queued or err has
	queue  []muxFrame
	queued int // bytes
	err    error
}

func newMuxWriter(conn net.Conn) *muxWriter {
	w := &muxWriter{conn: conn}
	w.more.L, w.room.L = &w.mu, &w.mu
	return w
}

// send queues a frame, whose body belongs to the writer until it is written.
func (w *muxWriter) send(f muxFrame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && w.queued > maxQueued {
		w.room.Wait()
	}
	if w.err != nil {
		return w.err
	}
	w.queue = append(w.queue, f)
	w.queued += len(f.body)
	w.more.Signal()
	return nil
}

// stop has run and all senders return err.
func (w *muxWriter) stop(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.more.Signal()
	w.room.Broadcast()
}

// run writes what is sent until a write fails or stop is called.
func (w *muxWriter) run() error {
	var turn []muxFrame
	var headers []byte
	var buffers net.Buffers
	for {
		var err error
		if turn, err = w.take(turn[:0]); err != nil {
			return err
		}
		if need := len(turn) * muxHeader; cap(headers) < need {
			headers = make([]byte, 0, 2*need)
		}
		headers, buffers = headers[:0], buffers[:0]
		for _, f := range turn {
			at := len(headers)
			headers = binary.BigEndian.AppendUint32(headers, uint32(len(f.body)))
			headers = binary.BigEndian.AppendUint32(headers, f.id)
			buffers = append(buffers, headers[at:], f.body)
		}
		rest := buffers // WriteTo consumes it
		if _, err := rest.WriteTo(w.conn); err != nil {
			w.stop(err)
			return err
		}
		for _, f := range turn {
			if f.written != nil {
				f.written(f.body)
			}
		}
		clear(turn)
	}
}

// take waits for frames, and swaps them for the empty queue.
func (w *muxWriter) take(empty []muxFrame) ([]muxFrame, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && len(w.queue) == 0 {
		w.more.Wait()
	}
	if w.err != nil {
		return nil, w.err
	}
	turn := w.queue
	w.queue, w.queued = empty, 0
	w.room.Broadcast()
	return turn, nil
}
