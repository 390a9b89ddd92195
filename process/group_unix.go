//go:build unix

package process

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// sigContinue wakes a stopped process.
const sigContinue = syscall.SIGCONT

// signalGroup signals the group that leader leads. The caller knows that leader has not
// been reaped.
func signalGroup(leader *os.Process, sig syscall.Signal) error {
	if leader.Pid <= 1 { // -1 would be every process there is
		return syscall.ESRCH
	}
	err := syscall.Kill(-leader.Pid, sig)
	if group, lost := unix.Getpgid(leader.Pid); lost == nil && group != leader.Pid {
		return leader.Signal(sig) // it has moved to another group
	}
	return err
}

// SignalName returns a name such as "SIGKILL", or "signal 35" for one that has none.
func SignalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	return sig.String()
}
