package child

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// TermGrace is how long handlers may still run, at the most, when the worker ends of its
// own: after SIGTERM, or when the context of [Worker.Serve] ends. One that has nothing to do
// waits within that, for a second at the most, until the host has told it to end: calls may
// be on their way, and are refused. With the second that the
// end itself may take it stays within the three that a parent waits before it kills.
const TermGrace = 2 * time.Second

// ErrHostGone is what Serve returns when the host has closed the link or died.
var ErrHostGone = errors.New("the host is gone")

// Worker is a worker program. Its zero value works, and answers every call with
// unknown_method. It must not be changed once it serves.
type Worker struct {
	// Name and Build are what the worker calls itself towards its host.
	Name, Build string

	// Handlers answer the host's calls.
	Handlers Handlers

	// Init, if set, is called once before the host's first call, with whatever the host
	// has for this worker, and may take as long as the host waits for a worker to start.
	// Its context ends when the host is gone, and when the worker is to end. An error
	// becomes that of the host's start, and ends the worker.
	Init func(ctx context.Context, config wire.Payload) error

	// Concurrency is how many calls the host may have open at a time. If zero or
	// negative, any number.
	Concurrency int

	// MaxFrame is the largest frame that the worker accepts, in bytes. If zero, 16 MiB;
	// the least is 4096.
	MaxFrame int

	// Window is how many bytes of a stream the host may send ahead of the handler that
	// receives them. If zero, 512 KiB.
	Window int

	// Spin is for how long the worker polls the link for the next message before it waits,
	// which makes small calls quicker that come one at a time. It costs up to that much
	// processor time for each wait, except that a link whose waits are longer is hardly
	// polled. With a single processor nothing is polled. 30 µs suits most machines. If
	// zero or negative, nothing is polled.
	Spin time.Duration

	// Logger takes what the worker logs. If nil, it goes to the host, at the level that
	// the host asks for; what the host is too slow to take is dropped and counted.
	Logger *zap.Logger
}

// Serve runs the worker on a link, and closes it in the end. It returns nil after a
// shutdown, that of the host or, when ctx ends, its own; ErrHostGone when the link has
// ended; a *wire.Violation when the host broke the protocol; or why the worker could not be
// initialised.
//
// Handlers have the grace of the shutdown, or [TermGrace] if it is the worker's own. Then,
// or at once if the host is gone, their contexts end, and they have half a second to
// return. One that goes on is left behind, and so is such an Init.
func (w *Worker) Serve(ctx context.Context, c transport.Conn) error {
	if err := w.check(); err != nil {
		c.Close()
		return err
	}
	return newSession(w, c).serve(ctx)
}

// check finds options that no host would accept.
func (w *Worker) check() error {
	switch {
	case w.MaxFrame != 0 && w.MaxFrame < wire.LeastMaxFrame:
		return fmt.Errorf("Worker.MaxFrame is %d; the least is %d", w.MaxFrame, wire.LeastMaxFrame)
	case w.Window < 0:
		return fmt.Errorf("Worker.Window is %d", w.Window)
	}
	return nil
}

type sessionKey struct{}

// Logger returns the worker's logger. ctx is that of a handler or of Init, or one made from
// it; with any other, nothing is logged.
func Logger(ctx context.Context) *zap.Logger {
	if s, ok := ctx.Value(sessionKey{}).(*session); ok {
		return s.logger
	}
	return zap.NewNop()
}
