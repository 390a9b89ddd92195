package process

import (
	"errors"
	"os"
	"syscall"
)

// sigContinue is the number that SIGCONT has elsewhere; nothing is ever stopped here.
const sigContinue = syscall.Signal(18)

// signalGroup can only kill, and only the leader.
func signalGroup(leader *os.Process, sig syscall.Signal) error {
	if sig == syscall.SIGKILL {
		return leader.Kill()
	}
	return errors.ErrUnsupported
}

// SignalName returns a name such as "SIGKILL", or "signal 35" for one that has none.
func SignalName(sig syscall.Signal) string {
	names := map[syscall.Signal]string{
		syscall.SIGHUP: "SIGHUP", syscall.SIGINT: "SIGINT", syscall.SIGQUIT: "SIGQUIT",
		syscall.SIGABRT: "SIGABRT", syscall.SIGKILL: "SIGKILL", syscall.SIGTERM: "SIGTERM",
	}
	if name, ok := names[sig]; ok {
		return name
	}
	return sig.String()
}
