package peer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/kinwire/kinwire/wire"
)

// LostError is how an exchange ends whose link has ended first.
type LostError struct {
	// Sent says whether any of the request had left.
	Sent bool
	// Cause is why the link has ended.
	Cause error
}

// Error says what was lost and why.
func (e *LostError) Error() string {
	if !e.Sent {
		return fmt.Sprintf("the link has ended before the request was sent: %v", e.Cause)
	}
	return fmt.Sprintf("the link has ended before the answer came: %v", e.Cause)
}

// Unwrap returns the cause, unless it is io.EOF: that would say that all is well and the
// last value was received.
func (e *LostError) Unwrap() error {
	if errors.Is(e.Cause, io.EOF) {
		return nil
	}
	return e.Cause
}

// Is makes errors.Is(err, wire.ErrNotSent) hold if nothing was sent.
func (e *LostError) Is(target error) bool { return target == wire.ErrNotSent && !e.Sent }

// notSent marks an error as one of a request that never left.
type notSent struct{ cause error }

func (e notSent) Error() string {
	if errors.Is(e.cause, context.Canceled) || errors.Is(e.cause, context.DeadlineExceeded) {
		return e.cause.Error() + " before the request was sent"
	}
	return e.cause.Error() // which says it all
}

func (e notSent) Unwrap() error        { return e.cause }
func (e notSent) Is(target error) bool { return target == wire.ErrNotSent }

// flooded is how an exchange ends at its opener of which too much lies unread. It is an
// error of the code overloaded, as errors.As finds, but makes none of its promise: the
// handler has run.
type flooded struct{ said *wire.Error }

func (e flooded) Error() string { return e.said.Error() }

func (e flooded) As(target any) bool {
	said, ok := target.(**wire.Error)
	if ok {
		*said = e.said
	}
	return ok
}

// errPanicked is why a link has ended on which a goroutine panicked that read for all.
var errPanicked = errors.New("the goroutine that read the link has panicked")

// errGone is how an exchange ends whose handler has ended its goroutine.
var errGone = wire.Errorf(wire.CodePanicked, "the handler ended its goroutine (runtime.Goexit)")

// answer turns what a handler returned into the error map that the opener gets. ctx is the
// handler's: if it has ended, that is why the exchange has.
func answer(ctx context.Context, err error) *wire.Error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return wire.Errorf(wire.CodeDeadlineExceeded, "the time was up before the handler was done")
	case ctx.Err() != nil:
		return wire.Errorf(wire.CodeCanceled, "%v", context.Cause(ctx))
	}
	var said *wire.Error
	switch {
	case errors.As(err, &said):
		if said.NotRun() || said.Code == "" {
			return &wire.Error{Code: wire.CodeFailed, Message: said.Error(), Data: said.Data}
		}
		return said
	case errors.Is(err, context.DeadlineExceeded):
		return wire.Errorf(wire.CodeDeadlineExceeded, "%v", err)
	case errors.Is(err, context.Canceled):
		return wire.Errorf(wire.CodeCanceled, "%v", err)
	}
	return wire.Errorf(wire.CodeFailed, "%v", err)
}
