//go:build unix

package socketpair

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
)

// Child makes the worker's end of a link from the descriptor that it was started with: the
// N of "fd:N" in [transport.EnvVar]. It makes fd close-on-exec and changes the modes of the
// socket to its own; the Conn owns it from then on.
//
// It fails, and leaves fd as it is, if fd is one of the standard files or no open stream
// socket. Call it before anything starts a process, since that would inherit fd.
func Child(fd int) (transport.Conn, error) {
	if err := check(fd); err != nil {
		return nil, fmt.Errorf("socketpair: descriptor %d %w", fd, err)
	}
	unix.CloseOnExec(fd)
	conn, err := fdconn.Open(fd, fd, "host")
	if err != nil {
		return nil, fmt.Errorf("socketpair: descriptor %d: %w", fd, err)
	}
	return conn, nil
}

// check says what keeps fd from being a link.
func check(fd int) error {
	if fd <= 2 {
		return fmt.Errorf("is no place for the link: it must be 3 or more")
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("is not open: %w", os.NewSyscallError("fstat", err))
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return fmt.Errorf("is not a socket")
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return fmt.Errorf("can't tell its type: %w", os.NewSyscallError("getsockopt", err))
	}
	if kind != unix.SOCK_STREAM {
		return fmt.Errorf("is not a stream socket")
	}
	if _, err := unix.Getpeername(fd); err != nil {
		return fmt.Errorf("is not connected: %w", os.NewSyscallError("getpeername", err))
	}
	return nil
}
