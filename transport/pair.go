package transport

import (
	"io"
	"sync/atomic"
)

// Pair returns the two ends of a link in memory that holds up to 64 KiB each way.
//
// It starts no goroutine and needs nothing from the system. Made inside a
// testing/synctest bubble, its waiting is durable, so that time passes in the bubble while
// both sides wait for each other. Writing to an end whose other end is closed fails with
// io.ErrClosedPipe.
func Pair() (Conn, Conn) {
	ab, ba := newPipe(), newPipe()
	return &pairEnd{in: ba, out: ab}, &pairEnd{in: ab, out: ba}
}

// pairEnd is one end of a Pair.
type pairEnd struct {
	in, out *pipe
	closed  atomic.Bool
}

func (c *pairEnd) Read(p []byte) (int, error)          { return c.in.read(p) }
func (c *pairEnd) TryWrite(bufs [][]byte) (int, error) { return c.out.tryWrite(bufs) }
func (c *pairEnd) WaitWritable() error                 { return c.out.waitWritable() }

func (c *pairEnd) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.out.closeWrite()
		c.in.closeRead(io.ErrClosedPipe)
	}
	return nil
}
