package parent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/deadline"
	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// Start starts a worker and returns once it is ready for calls. The end of ctx before that
// ends the start; after it, ctx is of no account. The error is a *StartError.
//
// Whoever starts a worker ends it, with [Worker.Shutdown].
func Start(ctx context.Context, spec Spec) (*Worker, error) {
	w, err := newWorker(spec)
	switch {
	case err != nil:
	case len(spec.Command) == 0:
		err = errors.New("Spec.Command is empty")
	default:
		err = ctx.Err()
	}
	if err != nil {
		return nil, &StartError{Name: spec.name(), Err: err}
	}
	conn, end, err := spec.transport().Connect()
	if err != nil {
		return nil, &StartError{Name: w.name, Err: err}
	}
	w.proc, err = process.Start(ctx, process.Command{
		Args:    spec.Command,
		Dir:     spec.Dir,
		Env:     append(slices.Clone(spec.Env), transport.EnvVar+"="+end.Env),
		Rlimits: spec.Rlimits,
		Cgroup:  spec.Cgroup,
		Stdin:   end.Stdin,
		Stdout:  end.Stdout,
		Extra:   end.Extra,
		OnLine:  w.output,
	})
	end.Close()
	if err != nil {
		conn.Close()
		return nil, &StartError{Name: w.name, Err: err}
	}
	w.nameLogs(zap.Int("pid", w.proc.PID()))
	return w.begin(ctx, conn)
}

// Attach starts the supervision of a worker at the other end of conn, which it owns from
// now on. Of spec, what is about processes is of no account. As there is no process, the
// worker's exit report is that of an unknown end, with why the link has ended as its
// reason. Everything else is as with [Start].
func Attach(ctx context.Context, conn transport.Conn, spec Spec) (*Worker, error) {
	w, err := newWorker(spec)
	if err != nil {
		conn.Close()
		return nil, &StartError{Name: spec.name(), Err: err}
	}
	w.nameLogs()
	return w.begin(ctx, conn)
}

// newWorker returns a worker that has neither a process nor a link.
func newWorker(spec Spec) (*Worker, error) {
	if err := spec.Limits.check(); err != nil {
		return nil, err
	}
	hello, err := introduction(spec)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		spec:        spec,
		hello:       hello,
		name:        spec.name(),
		started:     time.Now(),
		named:       make(chan struct{}),
		initialized: make(chan wire.Initialized, 1),
		leaving:     make(chan struct{}),
		silent:      make(chan struct{}),
		stop:        make(chan struct{}),
		stopping:    make(chan struct{}),
		done:        make(chan struct{}),
	}
	w.spec.Config = nil // it may be large
	w.health.w, w.health.spec = w, spec.Health
	w.events = w.newEvents()
	return w, nil
}

// begin makes the handshake on conn, and hands the worker over to its supervision.
func (w *Worker) begin(ctx context.Context, conn transport.Conn) (*Worker, error) {
	w.peer = peer.New(conn, peer.Config{
		Side:     wire.Parent,
		Spin:     w.spec.Spin,
		Handlers: w.spec.Handlers,
		Control:  w.control,
		Panicked: w.panicked,
	})
	w.tell(StateChanged{State: Starting})
	w.peer.Start()
	err := w.handshake(ctx)
	if err != nil {
		w.kill(err.Error())
		w.conclude()
		w.release()
		failed := &StartError{Name: w.name, Err: err}
		if w.proc != nil {
			failed.Exit = w.exit
		}
		return nil, failed
	}
	info := w.Info()
	w.log.Debug("the worker is ready", zap.String("name", info.Name), zap.String("build", info.Build), zap.String("sdk", info.SDK))
	w.warnUnguarded()
	go w.supervise()
	return w, nil
}

// introduction makes the first message to a worker, and sees to that any worker can take it.
func introduction(spec Spec) (wire.Initialize, error) {
	config, err := wire.Encode(spec.Config)
	if err != nil {
		return wire.Initialize{}, fmt.Errorf("the Config can't be encoded: %w", err)
	}
	hello := wire.Initialize{
		Versions:     []int{wire.Version},
		Worker:       spec.name(),
		MaxFrame:     spec.Limits.maxFrame(),
		Window:       spec.Limits.window(),
		Concurrency:  spec.Limits.concurrency(),
		PingInterval: max(0, spec.Health.interval()),
		PingTimeout:  max(0, spec.Health.timeout()),
		Features:     wire.Features,
		LogLevel:     spec.LogLevel.String(),
		Config:       config,
	}
	body := hello.Append(nil)[wire.HeaderSize:]
	if n := len(body); n > wire.DefaultMaxFrame {
		return hello, fmt.Errorf("the Config is too large: Initialize would be %d bytes, and %d are allowed", n, wire.DefaultMaxFrame)
	}
	if _, err := wire.Parse(body); err != nil {
		return hello, fmt.Errorf("no worker could take the Config: %w", err)
	}
	return hello, nil
}

// handshake introduces the two sides to each other.
func (w *Worker) handshake(ctx context.Context) error {
	w.peer.Send(w.hello)
	w.hello.Config = nil // it may be large
	return w.awaitInitialized(ctx)
}

// awaitInitialized waits for the worker's answer, or for whatever comes in its place.
func (w *Worker) awaitInitialized(ctx context.Context) error {
	timeout, stop := deadline.New(w.spec.startTimeout()), w.stop
	for {
		select {
		case info := <-w.initialized:
			return w.accept(info)
		case <-w.peer.Ended():
			return w.endedEarly()
		case <-w.exited():
			// What it said before may still be in the link.
			deadline.Await(w.peer.Ended(), farewell)
			return w.endedEarly()
		case <-timeout.Fired():
			if timeout.Passed() {
				return errSilent(w.spec.startTimeout())
			}
		case <-stop:
			if w.State() == Starting {
				return fmt.Errorf("it was shut down before it was ready: %s", w.stopFor)
			}
			stop = nil // for supervise, as the answer is on its way
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// accept judges what the worker has answered.
func (w *Worker) accept(info wire.Initialized) error {
	switch {
	case info.Error != nil:
		// It says goodbye next, and its last words are worth a moment.
		deadline.Await(w.peer.Ended(), farewell)
		w.awaitExited(farewell)
		return info.Error
	case info.Version != wire.Version:
		return wire.Errorf(wire.CodeUnsupportedVersion,
			"the worker chose version %d of the protocol, of which this host speaks version %d", info.Version, wire.Version)
	}
	return nil
}

// endedEarly tells why the link ended before the handshake was over, unless it was.
func (w *Worker) endedEarly() error {
	select {
	case info := <-w.initialized:
		return w.accept(info)
	default:
	}
	err := w.peer.Err()
	var broken *wire.Violation
	if errors.As(err, &broken) {
		return fmt.Errorf("what it sent is not the protocol of a kinwire worker: %w", broken)
	}
	if w.awaitExited(farewell) {
		return fmt.Errorf("%w: it ended before it had answered", ErrNoHandshake)
	}
	return fmt.Errorf("%w: it closed its link before it had answered: %w", ErrNoHandshake, err)
}

// exited is closed when the process exits; it is nil, for ever, if there is none.
func (w *Worker) exited() <-chan struct{} {
	if w.proc == nil {
		return nil
	}
	return w.proc.Exited()
}

// awaitExited waits for the end of the process, if there is one, but not longer than d, and
// reports whether it came.
func (w *Worker) awaitExited(d time.Duration) bool {
	return w.proc != nil && deadline.Await(w.exited(), d)
}
