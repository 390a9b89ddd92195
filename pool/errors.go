package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// refused is the error of a call that no worker was given: a *wire.Error with its cause.
type refused struct {
	said  *wire.Error
	cause error
}

func (e *refused) Error() string { return fmt.Sprintf("%s: %v", e.said.Message, e.cause) }

// Unwrap returns both: the cause may say more than the code.
func (e *refused) Unwrap() []error { return []error{e.said, e.cause} }

// errDown is the error of calls while no worker can be kept running, and cause is what the
// last one that failed ended with. That one has not had the call.
func errDown(cause error) error {
	var exit *process.ExitError
	if errors.As(cause, &exit) {
		unsent := *exit
		unsent.Sent = false
		cause = &unsent
	}
	return &refused{wire.Errorf(wire.CodeOverloaded, "no worker can be kept running"), cause}
}

func errShuttingDown() error {
	return wire.Errorf(wire.CodeShuttingDown, "the pool takes no new calls")
}

// gaveUp is the error of a caller whose context ended before its call had a worker.
type gaveUp struct{ cause error }

func (e gaveUp) Error() string        { return e.cause.Error() + " before a worker was free" }
func (e gaveUp) Unwrap() error        { return e.cause }
func (e gaveUp) Is(target error) bool { return target == wire.ErrNotSent }

// isUnsent reports whether a call has reached no worker, because the one that it was given
// to is on its way out. Another can have it.
func isUnsent(err error) bool {
	if !errors.Is(err, wire.ErrNotSent) {
		return false
	}
	var exit *process.ExitError
	var said *wire.Error
	return errors.As(err, &exit) || errors.As(err, &said) && said.Code == wire.CodeShuttingDown
}

// isLost reports whether an exchange ended because its link did.
func isLost(end error) bool {
	if end == nil {
		return false
	}
	var lost *peer.LostError
	return errors.As(end, &lost)
}

// outcome is what the end of a call tells of its worker.
type outcome int

const (
	neutral outcome = iota
	good
	bad
)

// outcomeOf judges the end of a call. See Recycle.Failures.
func outcomeOf(err error) outcome {
	if err == nil {
		return good // before anything is allocated
	}
	var said *wire.Error
	switch {
	case errors.Is(err, wire.ErrNotSent):
		return neutral
	case errors.Is(err, context.DeadlineExceeded):
		return bad
	case !errors.As(err, &said) || said.Code == wire.CodeCanceled:
		return neutral
	case said.Code == wire.CodeFailed || said.Code == wire.CodePanicked:
		return bad
	}
	return good
}
