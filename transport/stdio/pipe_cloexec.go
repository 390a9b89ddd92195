//go:build unix && !darwin && !aix

package stdio

import "golang.org/x/sys/unix"

// pipe makes a blocking pipe that is close-on-exec from the start.
func pipe() (r, w int, err error) {
	var fds [2]int
	err = unix.Pipe2(fds[:], unix.O_CLOEXEC)
	return fds[0], fds[1], err
}
