package fdconn

import (
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
)

// soon is how long ReadSoon and WaitSoon wait: long enough for most answers, and short
// for a thread, or for a caller whose time is over. The system may add a tick.
const soon = 4 * time.Millisecond

// direct is a transport.Direct over sockets and pipes.
//
// A socket is blocking, and each call that must not wait says so itself: then a plain
// recv is the wait of ReadSoon, under a timeout of the socket. That timeout is counted in
// ticks of the system, which is much cheaper to set up than the precise one of poll. A
// pipe has neither, so it is non-blocking and waited for with poll.
type direct struct {
	name    string
	in, out *descriptor // the same for one socket
	closed  atomic.Bool
	waiting atomic.Bool // in ReadSoon or WaitSoon

	arrived, room *parking

	v vector // of the one goroutine that may be in TryWrite
}

var _ transport.Direct = (*direct)(nil)

// openDirect makes a direct of two sockets or pipes, and nothing of anything else.
func openDirect(r, w int, name string) (transport.Conn, error) {
	in, err := describe(r)
	if in == nil || err != nil {
		return nil, err
	}
	out := in
	if r != w {
		if out, err = describe(w); out == nil || err != nil {
			return nil, err
		}
	}
	for _, d := range []*descriptor{in, out} {
		if err := unix.SetNonblock(d.fd, !d.socket); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
	}
	if in.socket {
		timeout := unix.NsecToTimeval(int64(soon))
		if err := unix.SetsockoptTimeval(in.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
			return nil, os.NewSyscallError("setsockopt", err)
		}
	}
	if out.socket {
		EnlargeSendBuffer(out.fd)
	}
	return &direct{
		name: name, in: in, out: out,
		arrived: newParking(in, unix.EPOLLIN|unix.EPOLLRDHUP),
		room:    newParking(out, unix.EPOLLOUT),
	}, nil
}

// TryRead reads what is there.
func (c *direct) TryRead(p []byte) (int, error) {
	if c.closed.Load() || !c.in.use() {
		return 0, os.ErrClosed
	}
	defer c.in.done()
	if len(p) == 0 {
		return 0, nil
	}
	return c.result(c.in.readNow(p))
}

// ReadSoon waits in the system.
func (c *direct) ReadSoon(p []byte) (int, error) {
	if !c.in.use() {
		return 0, os.ErrClosed
	}
	defer c.in.done()
	if len(p) == 0 {
		return 0, nil
	}
	if !c.begin() {
		return 0, os.ErrClosed
	}
	defer c.end()
	if c.in.socket {
		return c.result(c.in.read(p, 0))
	}
	fds := [1]unix.PollFd{{Fd: int32(c.in.fd), Events: unix.POLLIN}}
	if poll(fds[:]) == 0 {
		return 0, nil
	}
	return c.result(c.in.readNow(p))
}

// Read goes to Go's poller if nothing is there yet.
func (c *direct) Read(p []byte) (int, error) {
	for {
		n, err := c.TryRead(p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		if c.arrived.wait() != nil && !c.closed.Load() {
			// It can't park, for want of a descriptor. This needs none.
			if n, err := c.ReadSoon(p); n > 0 || err != nil {
				return n, err
			}
		}
	}
}

// result turns that of a system call which reads into that of a method.
func (c *direct) result(n int, errno syscall.Errno) (int, error) {
	switch {
	case n > 0:
		if n >= usualPipe {
			c.in.enlarge()
		}
		return n, nil
	case c.closed.Load():
		return 0, os.ErrClosed
	case errno == 0:
		return 0, io.EOF
	case errno == unix.EAGAIN:
		return 0, nil
	default:
		return 0, &os.PathError{Op: "read", Path: c.name, Err: errno}
	}
}

// TryWrite writes what there is room for.
func (c *direct) TryWrite(bufs [][]byte) (n int, err error) {
	if c.closed.Load() || !c.out.use() {
		return 0, os.ErrClosed
	}
	defer c.out.done()
	defer c.v.forget()
	for {
		bufs = c.v.fill(bufs)
		if c.v.size == 0 {
			return n, nil
		}
		m, errno := c.out.writeNow(&c.v)
		n += m
		switch {
		case errno == unix.EAGAIN || errno == 0 && m < c.v.size:
			if m > 0 {
				c.out.enlarge()
			}
			return n, nil
		case errno == 0:
		case c.closed.Load():
			return n, os.ErrClosed
		default:
			return n, &os.PathError{Op: "write", Path: c.name, Err: errno}
		}
	}
}

// WaitWritable waits in Go's poller.
func (c *direct) WaitWritable() error {
	if c.room.wait() != nil && !c.closed.Load() {
		// It can't park, for want of a descriptor. The caller tries again.
		if !c.out.use() {
			return os.ErrClosed
		}
		defer c.out.done()
		fds := [1]unix.PollFd{{Fd: int32(c.out.fd), Events: unix.POLLOUT}}
		poll(fds[:])
	}
	return c.open()
}

// WaitSoon waits in the system.
func (c *direct) WaitSoon() error {
	if !c.in.use() {
		return os.ErrClosed
	}
	defer c.in.done()
	if !c.out.use() {
		return os.ErrClosed
	}
	defer c.out.done()
	if !c.begin() {
		return os.ErrClosed
	}
	defer c.end()
	fds := [2]unix.PollFd{
		{Fd: int32(c.in.fd), Events: unix.POLLIN},
		{Fd: int32(c.out.fd), Events: unix.POLLOUT},
	}
	if c.in == c.out {
		fds[0].Events |= unix.POLLOUT
		poll(fds[:1])
	} else {
		poll(fds[:])
	}
	return c.open()
}

// open returns os.ErrClosed after Close.
func (c *direct) open() error {
	if c.closed.Load() {
		return os.ErrClosed
	}
	return nil
}

// begin tells Close that this thread is about to wait in the system. It fails if Close
// was first.
func (c *direct) begin() bool {
	c.waiting.Store(true)
	if c.closed.Load() {
		c.waiting.Store(false)
		return false
	}
	return true
}

func (c *direct) end() { c.waiting.Store(false) }

// Close closes the descriptors as soon as no system call uses them.
func (c *direct) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return nil
	}
	if c.waiting.Load() && c.in.socket {
		// Else the wait, and with it the link, would end when its time is over. There
		// is nothing left to read, or the wait would be over: so for the other side it
		// is as if this was a close.
		unix.Shutdown(c.in.fd, unix.SHUT_RDWR)
	}
	c.arrived.close()
	c.room.close()
	c.out.done()
	if c.in != c.out {
		c.in.done()
	}
	return nil
}

// poll waits for one of fds, for a few milliseconds.
func poll(fds []unix.PollFd) int {
	n, _ := retry(func() (int, error) { return unix.Poll(fds, int(soon.Milliseconds())) })
	return n
}
