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
	logQueue *queue
	named    chan struct{} // closed once the logs have the pid
	events   *queue

	initialized chan wire.Initialized // what control hands over to the handshake
	introduced  bool                  // Initialized has come; the reader's
	logs        bool                  // the worker may send Log; the reader's
	health      health
	memory      memoryWatch

	// What supervise waits for.
	leaving   chan struct{} // closed at a ShutdownAck that nobody asked for
	leaveOnce sync.Once
	silent    chan struct{} // closed by health: the worker is unresponsive
	stop      chan struct{} // closed once the worker is to shut down
	stopOnce  sync.Once
	stopFor   string        // why; set before stop is closed
	stopping  chan struct{} // closed when the state becomes Stopping
	done      chan struct{}
	exit      *process.Exit // set before the state is Exited

	state atomic.Int32 // a State; it changes under mu

	mu      sync.Mutex
	info    wire.Initialized
	reason  string // why the host ends the worker, if it does
	fault   Fault  // the same, if nobody has asked for it
	killed  string // why an attached worker was killed
	goodbye *wire.Exiting
}

// Call implements [exchange.Caller]. A worker's death is a *process.ExitError. Once the
// worker is to end, be it that Shutdown was called or that it has asked for a replacement,
// the error has the code shutting_down.
func (w *Worker) Call(ctx context.Context, method string, in, out any) error {
	if err := w.admit(); err != nil {
		return err
	}
	return w.verdict(ctx, w.peer.Call(ctx, method, in, out))
}

// Open implements [exchange.Caller]. It fails as Call does.
func (w *Worker) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	if err := w.admit(); err != nil {
		return nil, err
	}
	x, err := w.peer.Open(ctx, method, in)
	if err != nil {
		return nil, w.verdict(ctx, err)
	}
	return opened{x, w, ctx}, nil
}

// admit lets a new exchange pass, or returns the error that a worker on its way out would
// answer it with.
func (w *Worker) admit() error {
	if w.State() < Leaving {
		if w.health.dozing.Load() {
			w.health.rouse()
		}
		return nil
	}
	if w.peer.Err() != nil { // its end is better news
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
// SIGTERM; else a *process.ExitError. A worker that is still Starting is killed.
//
// Whether it came to signals is in the report: Graceful is the short of it.
//
// When ctx ends, the worker is killed at once. It may be called again, and after the end.
func (w *Worker) Shutdown(ctx context.Context) error {
	return w.ShutdownFor(ctx, noReason)
}

// noReason is what a worker is told if there is no better one.
const noReason = "the host shuts it down"

// ShutdownFor is Shutdown with a reason, which the worker is told. The first one counts.
func (w *Worker) ShutdownFor(ctx context.Context, reason string) error {
	w.askToStop(reason)
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

// askToStop makes supervise shut the worker down.
func (w *Worker) askToStop(reason string) {
	w.stopOnce.Do(func() {
		w.stopFor = cut(reason)
		close(w.stop)
	})
}

// orderly reports whether the worker ended as it should, once that is known.
func (w *Worker) orderly() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.goodbye == nil || w.goodbye.Code != 0 {
		return false
	}
	return w.proc == nil && w.killed == "" || w.exit.Success()
}

// Graceful reports whether the worker has ended, and as it should without being forced: it
// said goodbye, exited with 0, and the host sent it no signal.
func (w *Worker) Graceful() bool {
	return w.State() == Exited && w.orderly() && w.exit.HostSignal == 0
}

// Done is closed when all is over: the worker and its group are gone, as [process.Process.Done]
// has it, its output is read, Exit tells how it was, and OnEvent knows.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Exit is the report about the worker's end. It is nil before the state Exited, which comes
// just before Done. Nobody may change it.
func (w *Worker) Exit() *process.Exit {
	if w.State() < Exited {
		return nil
	}
	return w.exit
}

// PID is the worker's process id; of one that was attached, what it says that it is.
func (w *Worker) PID() int {
	if w.proc == nil {
		return w.Info().PID
	}
	return w.proc.PID()
}

// Info is what the worker has said of itself in the handshake; the zero value before that.
// Nobody may change it.
func (w *Worker) Info() wire.Initialized {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.info
}
