package guard

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// keepRunning returns when a child has exited, and has not reaped it. A child that somebody
// stops meanwhile goes on at once. It takes a thread: nothing else tells that a process was
// stopped.
func keepRunning(child *os.Process) {
	const stopped = 5 // CLD_STOPPED
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, child.Pid, &info, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT, nil)
		switch {
		case err == unix.EINTR:
		case err == nil && info.Code == stopped:
			child.Signal(syscall.SIGCONT)
		default:
			return
		}
	}
}
