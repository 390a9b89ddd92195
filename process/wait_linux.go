package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// openPidfd is a variable so that a test can take it away.
var openPidfd = unix.PidfdOpen

// awaitExit waits until the child has exited, and does not reap it. An error means that
// there is no such child any more: somebody else has reaped it, and its pid may be anyone's.
func awaitExit(pid int) error {
	if err, ok := awaitPidfd(pid); ok {
		return err
	}
	return retryInterrupted(func() error {
		return unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	})
}

// awaitPidfd is awaitExit in Go's poller, without a thread; !ok means that this did not
// work (an older kernel, a filter of system calls, no descriptor left).
func awaitPidfd(pid int) (err error, ok bool) {
	fd, err := openPidfd(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, false
	}
	file := os.NewFile(uintptr(fd), "pidfd")
	defer file.Close()
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, false
	}
	var waitErr error
	pollErr := conn.Read(func(fd uintptr) bool {
		var exited bool
		exited, waitErr = hasExited(int(fd))
		return exited || waitErr != nil
	})
	if pollErr != nil || waitErr == unix.EINVAL { // no poller for it; waitid without P_PIDFD
		return nil, false
	}
	return waitErr, true
}

// hasExited asks without waiting, and does not reap.
func hasExited(pidfd int) (bool, error) {
	var info unix.Siginfo // stays zero while the child runs
	err := retryInterrupted(func() error {
		return unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	})
	return info.Signo != 0, err
}

// retryInterrupted calls f until a signal handler does not come between.
func retryInterrupted(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
