package guard

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// apart keeps the guardian out of the host's group. It leads a group and not a session: the
// kernel wakes a stopped group when the process ends that could have woken it, so that a
// guardian that is stopped together with its host sees the host's end.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

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
