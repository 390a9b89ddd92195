//go:build unix

package conformance

import "syscall"

const (
	sigTerm = syscall.SIGTERM
	sigInt  = syscall.SIGINT
)

// signal sends a signal to the worker's group, as a terminal does.
func (l *link) signal(sig syscall.Signal) {
	if err := l.proc.Signal(sig); err != nil {
		l.t.fail("a worker that takes a signal", err.Error())
	}
}
