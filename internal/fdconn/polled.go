//go:build unix

package fdconn

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// polled is a transport.Conn whose descriptors are non-blocking and in Go's poller, unless
// they are of a kind that never waits, such as a regular file or /dev/null.
type polled struct {
	r, w   *os.File
	raw    syscall.RawConn // of w
	closed atomic.Bool

	// The callbacks for raw, made once, and what they work on: closures made for each
	// call would be allocated for each call. All of it belongs to the one goroutine that
	// may be in TryWrite or WaitWritable.
	write, writable func(fd uintptr) bool
	bufs            [][]byte
	n               int
	err             error
	poll            [1]unix.PollFd
}

// newPolled makes a polled that reads from r and writes to w, which are the same file for
// a socket. It owns them.
func newPolled(r, w *os.File) *polled {
	raw, err := w.SyscallConn()
	if err != nil {
		panic("fdconn: " + err.Error()) // only a nil file does this
	}
	c := &polled{r: r, w: w, raw: raw}
	c.write, c.writable = c.writeNow, c.writableNow
	return c
}

// Read waits in the poller for at least one byte.
func (c *polled) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF && c.closed.Load() {
		err = os.ErrClosed
	}
	return n, err
}

// TryWrite writes what the descriptor takes at once. It allocates nothing for up to eight
// buffers. Only a regular file makes it wait, for its disk.
func (c *polled) TryWrite(bufs [][]byte) (int, error) {
	c.bufs, c.n, c.err = bufs, 0, nil
	err := c.raw.Write(c.write)
	c.bufs = nil
	if err == nil {
		err = c.err
	}
	return c.n, c.wrap("write", err)
}

// writeNow is the callback of TryWrite. It returns true: RawConn.Write must not wait.
func (c *polled) writeNow(fd uintptr) bool {
	c.n, c.err = write(int(fd), c.bufs)
	return true
}

// WaitWritable waits in the poller until w has room, or an error or a hangup.
func (c *polled) WaitWritable() error {
	return c.wrap("wait", c.raw.Write(c.writable))
}

// writableNow is the callback of WaitWritable.
//
// The poller reports edges, and RawConn.Write forgets those of the past before it calls
// back. So the room that came between a full TryWrite and now is to be found by asking,
// and what comes after the question is an edge that still counts.
func (c *polled) writableNow(fd uintptr) bool {
	c.poll[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLOUT}
	n, err := retry(func() (int, error) { return unix.Poll(c.poll[:], 0) })
	return n > 0 || err != nil // TryWrite finds out what is wrong
}

// Close closes the descriptors and wakes whoever waits for them.
func (c *polled) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return nil
	}
	err := c.w.Close()
	if c.r != c.w {
		err = errors.Join(err, c.r.Close())
	}
	return err
}

// wrap says what was done to what, except after Close, which explains every error.
func (c *polled) wrap(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case c.closed.Load():
		return os.ErrClosed
	default:
		return &os.PathError{Op: op, Path: c.w.Name(), Err: err}
	}
}

// retry repeats a system call for as long as signals interrupt it.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
