package process

import (
	"fmt"

	"github.com/kinwire/kinwire/wire"
)

// ExitError is the error of a call that ended because its worker did. It is
// wire.ErrNotSent, for errors.Is, if nothing of the request had been sent.
type ExitError struct {
	Name string // the worker's
	PID  int
	Exit *Exit
	Sent bool // whether any part of the request had been sent
}

// Error says what became of the worker, and quotes its last words.
func (e *ExitError) Error() string {
	s := fmt.Sprintf("%s (pid %d): %v", e.Name, e.PID, e.Exit)
	if !e.Sent {
		s += "; the request was not sent"
	}
	if words := e.Exit.LastWords(); words != "" {
		s += fmt.Sprintf("; last words: %q", words)
	}
	return s
}

// Is makes errors.Is(err, wire.ErrNotSent) hold if the call is safe to repeat.
func (e *ExitError) Is(target error) bool { return target == wire.ErrNotSent && !e.Sent }
