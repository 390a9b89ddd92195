package conformance

import "syscall"

const (
	sigTerm = syscall.SIGTERM
	sigInt  = syscall.SIGINT
)

// signal would send a signal.
func (l *link) signal(syscall.Signal) { l.t.skip("this system has no signals") }
