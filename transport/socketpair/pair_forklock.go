//go:build darwin || aix

package socketpair

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// pair makes two connected sockets that are close-on-exec before Go can fork: the system
// has no flag for it.
func pair() (host, child int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return fds[0], fds[1], nil
}
