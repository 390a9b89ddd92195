package parent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// Worker is a worker that has started. Its methods may be called by any number of
// goroutines at a time, also after its end.
type Worker struct {
	spec     Spec
	hello    wire.Initialize
	name     string
	started  time.Time
	proc     *process.Process // nil: attached
	peer     *peer.Peer
	slowLog  *zap.Logger // the host's, which may make its caller wait
	log      *zap.Logger // the same by way of logQueue
	logQueue *logQueue
	named    chan struct{} // closed once the logs have the pid

	initialized chan wire.Initialized // what control hands over to the handshake
	info        wire.Initialized      // set before Start returns
	logs        bool                  // the worker may send Log; the reader's
	leaving     chan struct{}         // closed at a ShutdownAck that nobody asked for
	health      health

	stop     chan struct{} // closed by Shutdown
	stopOnce sync.Once
	done     chan struct{}
	exit     *process.Exit // set before done is closed

	phase atomic.Int32 // a phase

	mu      sync.Mutex
	reason  string // why an attached worker was killed
	goodbye *wire.Exiting
}

// phase is how far the conversation has come. It only grows.
type phase int32

const (
	starting phase = iota
	ready
	leaving  // the worker takes no new calls
	stopping // Shutdown was sent
)

// now returns the phase.
func (w *Worker) now() phase { return phase(w.phase.Load()) }

// proceed moves the phase on.
func (w *Worker) proceed(to phase) {
	for {
		now := w.now()
		if now >= to || w.phase.CompareAndSwap(int32(now), int32(to)) {
			return
		}
	}
}

// Call implements [exchange.Caller]. A worker's death is a *process.ExitError. Once the
// worker is to end, be it that Shutdown was called or that it has asked for a replacement,
// the error has the code shutting_down.
func (w *Worker) Call(ctx context.Context, method string, in, out any) error {
	if err := w.refuse(); err != nil {
		return err
	}
	return w.verdict(ctx, w.peer.Call(ctx, method, in, out))
}

// Open implements [exchange.Caller]. It fails as Call does.
func (w *Worker) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	if err := w.refuse(); err != nil {
		return nil, err
	}
	x, err := w.peer.Open(ctx, method, in)
	if err != nil {
		return nil, w.verdict(ctx, err)
	}
	return opened{x, w, ctx}, nil
}

// refuse returns the error that a worker on its way out would answer a new exchange with.
func (w *Worker) refuse() error {
	if w.now() < leaving || w.peer.Err() != nil { // its end is better news
		return nil
	}
	return wire.Errorf(wire.CodeShuttingDown, "%s takes no new calls", w.name)
}

// opened is an exchange whose link's end is told as the worker's.
type opened struct {
	exchange.Exchange
	w   *Worker
	ctx context.Context
}

func (x opened) Recv() (wire.Payload, error) {
	p, err := x.Exchange.Recv()
	if err != nil {
		err = x.w.verdict(x.ctx, err)
	}
	return p, err
}

func (x opened) RecvInto(out any) error {
	err := x.Exchange.RecvInto(out)
	if err != nil {
		err = x.w.verdict(x.ctx, err)
	}
	return err
}

// verdict turns the end of the link into the worker's, of which the report comes within the
// time that its end may take.
func (w *Worker) verdict(ctx context.Context, err error) error {
	if err == nil {
		return nil // before anything is allocated
	}
	var lost *peer.LostError
	if !errors.As(err, &lost) {
		return err
	}
	select {
	case <-w.done:
		return &process.ExitError{Name: w.name, PID: w.PID(), Exit: w.exit, Sent: lost.Sent}
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ctx.Err(), lost) // is ErrNotSent if that is known
	}
}

// Shutdown asks the worker to end, and waits until it has: the worker's handlers have
// Stop.Grace to finish, then come SIGTERM and SIGKILL, each in its time. It returns nil if
// the worker said goodbye and exited with 0, be it before its end was asked for or after
// SIGTERM; else a *process.ExitError.
//
// When ctx ends, the worker is killed at once. It may be called again, and after the end.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.stopOnce.Do(func() { close(w.stop) })
	select {
	case <-w.done:
	case <-ctx.Done():
		w.kill("the shutdown was cut short: " + context.Cause(ctx).Error())
		<-w.done
	}
	if w.orderly() {
		return nil
	}
	return &process.ExitError{Name: w.name, PID: w.PID(), Exit: w.exit, Sent: true}
}

// orderly reports whether the worker ended as it should.
func (w *Worker) orderly() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.goodbye == nil || w.goodbye.Code != 0 {
		return false
	}
	return w.proc == nil && w.reason == "" || w.exit.Success()
}

// Done is closed when all is over: the worker and its group are gone, its output is read,
// and Exit tells how it was.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Exit is the report about the worker's end. It is nil before Done.
func (w *Worker) Exit() *process.Exit {
	select {
	case <-w.done:
		return w.exit
	default:
		return nil
	}
}

// PID is the worker's process id; of one that was attached, what it says that it is.
func (w *Worker) PID() int {
	if w.proc == nil {
		return w.info.PID
	}
	return w.proc.PID()
}

// Info is what the worker has said of itself in the handshake. Nobody may change it.
func (w *Worker) Info() wire.Initialized { return w.info }

// RoundTrip is how long the last ping took that was answered, by this process's clock; 0
// before the first.
func (w *Worker) RoundTrip() time.Duration { return w.health.roundTrip() }

// kill ends the worker without further notice.
func (w *Worker) kill(reason string) {
	if w.proc != nil {
		w.proc.Kill(reason)
		return
	}
	w.mu.Lock()
	if w.reason == "" && w.peer.Err() == nil {
		w.reason = reason
	}
	w.mu.Unlock()
	w.peer.Close()
}
