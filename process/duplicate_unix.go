//go:build unix

package process

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// duplicateFile returns another descriptor of f, and sets both to blocking mode.
func duplicateFile(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// isReadNoMore reports whether a write failed since nobody reads.
func isReadNoMore(err error) bool { return errors.Is(err, syscall.EPIPE) }
