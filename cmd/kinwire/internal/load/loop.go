package load

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// Loop says what is called.
type Loop struct {
	// Call makes a call, and stores the answer in what answer points to. It is called by
	// many goroutines at a time; each has one answer, whose memory may be used again.
	Call func(ctx context.Context, answer *wire.Payload) error
	// Code names what kind of failure an error of Call is.
	Code func(error) string
}

// Run has so many callers call for d, each of them once at least, and returns what came of
// it when all have their last answers. The end of ctx ends it early: calls that this cuts
// short do not count. So does the end of the worker, which is the error that Run returns, a
// *process.ExitError.
func (l Loop) Run(ctx context.Context, inFlight int, d time.Duration) (Level, error) {
	r := newRecorder()
	began := time.Now()
	var callers sync.WaitGroup
	for range inFlight {
		callers.Go(func() { l.callUntil(ctx, began.Add(d), r) })
	}
	callers.Wait()
	return r.level(inFlight, time.Since(began)), r.lost
}

// callUntil calls until the time has come, or there is nothing to call any more.
func (l Loop) callUntil(ctx context.Context, end time.Time, r *recorder) {
	var answer wire.Payload
	for {
		began := time.Now()
		err := l.Call(ctx, &answer)
		ended := time.Now()
		switch {
		case err == nil:
			r.succeeded(ended.Sub(began))
		case ctx.Err() != nil: // it was cut short
		default:
			r.failed(l.Code(err), err)
		}
		if ctx.Err() != nil || isExit(err) || !ended.Before(end) {
			return
		}
	}
}

// isExit reports whether a call failed because the worker has ended.
func isExit(err error) bool {
	var exit *process.ExitError
	return errors.As(err, &exit)
}
