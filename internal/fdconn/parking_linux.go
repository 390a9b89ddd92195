package fdconn

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// parking is where a goroutine waits for one direction of a descriptor, holding no thread.
//
// If the descriptor itself were in Go's poller, then each message would wake the poller,
// also those that a caller reads on its own thread. So it is in an epoll descriptor of its
// own, armed for one event, and only while somebody waits; and that one is in Go's poller.
type parking struct {
	of    *descriptor
	event uint32 // EPOLLIN or EPOLLOUT

	// Made at the first wait, and gone with close.
	mu     sync.Mutex
	file   *os.File
	raw    syscall.RawConn
	closed bool

	// For the one goroutine that may wait.
	check func(fd uintptr) bool
	armed bool
	err   error
	got   [1]unix.EpollEvent
}

func newParking(of *descriptor, event uint32) *parking {
	p := &parking{of: of, event: event}
	p.check = p.ready
	return p
}

// wait waits for the event, or for what ends the link. It returns os.ErrClosed after
// close, and another error if it can't wait.
func (p *parking) wait() error {
	raw, err := p.open()
	if err != nil {
		return err
	}
	p.armed, p.err = false, nil
	if err := raw.Read(p.check); err != nil {
		return err
	}
	return p.err
}

// ready is called before the wait and after each time that the poller ends it.
//
// It arms and then looks, since the poller forgets what came before the call. The look
// consumes the event and thereby disarms: an event that is left there would be told to
// nobody when it is armed the next time.
func (p *parking) ready(fd uintptr) bool {
	if !p.armed {
		if p.err = p.arm(int(fd), unix.EPOLL_CTL_MOD); p.err != nil {
			return true
		}
		p.armed = true
	}
	n, err := retry(func() (int, error) { return unix.EpollWait(int(fd), p.got[:], 0) })
	p.err = os.NewSyscallError("epoll_wait", err)
	return n > 0 || err != nil
}

// arm asks for one event.
func (p *parking) arm(epoll, op int) error {
	if !p.of.use() {
		return os.ErrClosed
	}
	defer p.of.done()
	event := unix.EpollEvent{Events: p.event | unix.EPOLLONESHOT}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(epoll, op, p.of.fd, &event))
}

// open returns the epoll descriptor in Go's poller, which holds p.of.
func (p *parking) open() (syscall.RawConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, os.ErrClosed
	}
	if p.file != nil {
		return p.raw, nil
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	if err := p.arm(fd, unix.EPOLL_CTL_ADD); err != nil {
		unix.Close(fd)
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "epoll")
	if p.raw, err = file.SyscallConn(); err != nil {
		file.Close()
		return nil, err
	}
	p.file = file
	return p.raw, nil
}

// close ends a wait and all later ones.
func (p *parking) close() {
	p.mu.Lock()
	file := p.file
	p.file, p.closed = nil, true
	p.mu.Unlock()
	if file != nil {
		file.Close()
	}
}
