//go:build darwin

package stdio

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// pipe makes a blocking pipe that is close-on-exec before Go can fork: the system has no
// flag for it.
func pipe() (r, w int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return fds[0], fds[1], nil
}
