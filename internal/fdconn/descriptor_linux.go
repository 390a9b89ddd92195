package fdconn

import (
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// descriptor is closed when no system call uses its number any more: the next file that
// the process opens may get the same.
type descriptor struct {
	fd     int
	socket bool
	users  atomic.Int32 // the calls under way, and the owner until it is done

	enlarged atomic.Bool // a pipe that was
}

// describe makes a descriptor of a socket or a pipe, and nil of anything else.
func describe(fd int) (*descriptor, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	kind := stat.Mode & unix.S_IFMT
	if kind != unix.S_IFSOCK && kind != unix.S_IFIFO {
		return nil, nil
	}
	d := &descriptor{fd: fd, socket: kind == unix.S_IFSOCK}
	d.users.Store(1)
	return d, nil
}

// use keeps the descriptor open until done. It fails once that is too late.
func (d *descriptor) use() bool {
	for {
		n := d.users.Load()
		if n == 0 {
			return false
		}
		if d.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// done ends a use, or the owner's hold. The last one closes.
func (d *descriptor) done() {
	if d.users.Add(-1) == 0 {
		unix.Close(d.fd)
	}
}
