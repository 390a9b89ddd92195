//go:build unix && !darwin && !aix

package socketpair

import "golang.org/x/sys/unix"

// pair makes two connected sockets that are close-on-exec from the start.
func pair() (host, child int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return fds[0], fds[1], err
}
