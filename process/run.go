package process

import (
	"context"
	"errors"
	"fmt"
)

// Run starts a command and waits for its end. An exit status other than 0 is no error: the
// report tells it.
//
// The error is a *StartError, without a report; or that of [Process.Wait]; or what Input
// failed with, with a report.
func Run(ctx context.Context, c Command) (*Exit, error) {
	p, err := Start(ctx, c)
	if err != nil {
		return nil, err
	}
	return p.Wait(ctx)
}

// Wait waits for the end, and returns the report. If ctx ends before the leader has exited,
// the command is stopped with Command.Stop, and the error is, for errors.Is, ctx.Err() and
// the cause of ctx. There is no report if that error is also ErrStuck.
//
// If Input has failed, the error is that: what the command did, it did with a part of its
// input.
func (p *Process) Wait(ctx context.Context) (*Exit, error) {
	select {
	case <-p.exited: // select picks at random if ctx has ended as well
	default:
		select {
		case <-p.exited:
		case <-ctx.Done():
			return p.cancel(ctx)
		}
	}
	<-p.done
	if err := p.exit.InputErr; err != nil {
		return p.exit, fmt.Errorf("%s (pid %d): its input: %w", p.name, p.PID(), err)
	}
	return p.exit, nil
}

// cancel stops p as ctx has ended.
func (p *Process) cancel(ctx context.Context) (*Exit, error) {
	err := contextError(ctx)
	if stuck := p.Stop(context.Background(), Ladder{}, err.Error()); stuck != nil {
		return nil, fmt.Errorf("%w: %w", err, stuck)
	}
	return p.exit, fmt.Errorf("%s (pid %d): %w", p.name, p.PID(), err)
}

// contextError returns why ctx has ended, as an error that is ctx.Err() as well.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
