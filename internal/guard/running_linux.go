package guard

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// apart keeps the guardian out of the host's group. The kernel wakes it when the host dies,
// should somebody have stopped both, or it just then. (When the thread ends that has started
// it, too, which does no harm.) It leads a group and not a session: where that signal is lost,
// the kernel wakes a stopped group when the process ends that could have woken it.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGCONT}
}

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
