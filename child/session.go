package child

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

const (
	// farewell bounds how long the last frame may take.
	farewell = time.Second
	// afterGrace is how long handlers, or Init, may go on once their context has ended.
	afterGrace = 500 * time.Millisecond
	// hearing is how long a worker that ends of its own and has nothing to do waits for the
	// host to say that it may.
	hearing = time.Second
	// maxReason is how much of a reason is told.
	maxReason = 1 << 10
)

// session is one run of a worker on one link. The goroutine in serve owns all of it, except
// where otherwise noted.
type session struct {
	*Worker
	peer   *peer.Peer
	logger *zap.Logger // set before the first handler or Init can use it

	// What control hands over to serve.
	initialize chan wire.Initialize
	shutdown   chan wire.Shutdown // holds the newest
	greeted    bool               // Initialize has come; the reader's
	deaf       bool               // a handler has had its time and goes on
}

func newSession(w *Worker, c transport.Conn) *session {
	s := &session{
		Worker:     w,
		logger:     w.Logger,
		initialize: make(chan wire.Initialize, 1),
		shutdown:   make(chan wire.Shutdown, 1),
	}
	s.peer = peer.New(c, peer.Config{
		Side:     wire.Child,
		Spin:     w.Spin,
		Base:     context.WithValue(context.Background(), sessionKey{}, s),
		Handlers: w.Handlers,
		Control:  s.control,
		Panicked: s.panicked,
	})
	return s
}

func (s *session) serve(ctx context.Context) error {
	s.peer.Start()
	err := s.converse(ctx)
	s.peer.Close()
	if !s.deaf {
		// Whoever still runs knows that it is over, by its context.
		within(s.peer.Finished(), afterGrace)
	}
	return err
}

// converse is all from Initialize to Exiting.
func (s *session) converse(ctx context.Context) error {
	select {
	case in := <-s.initialize:
		if err := s.start(ctx, in); err != nil {
			return err
		}
	case <-s.peer.Ended():
		return s.orphaned()
	case <-ctx.Done():
		return nil // nothing may be said yet
	}
	return s.run(ctx)
}

// control deals with the host's messages that are not of an exchange. It runs on the
// goroutine that reads, and never waits.
func (s *session) control(m wire.Message) error {
	if !s.greeted && m.Type != wire.TypeInitialize {
		return wire.Violatef(wire.RuleOrder, "%s before Initialize", m.Type)
	}
	switch m.Type {
	case wire.TypeInitialize:
		if s.greeted {
			return wire.Violatef(wire.RuleOrder, "Initialize for the second time")
		}
		in, err := m.Initialize()
		if err != nil {
			return err
		}
		in.Config = append(wire.Payload(nil), in.Config...) // it outlives the frame
		s.greeted = true
		s.initialize <- in
	case wire.TypePing:
		ping, err := m.Ping()
		if err != nil {
			return err
		}
		if !s.peer.Established() {
			return wire.Violatef(wire.RuleOrder, "Ping before Initialized")
		}
		s.peer.Send(wire.Pong{Seq: ping.Seq, Status: wire.Status{InFlight: s.peer.InFlight()}})
	case wire.TypeShutdown:
		down, err := m.Shutdown()
		if err != nil {
			return err
		}
		if !s.peer.Established() {
			return wire.Violatef(wire.RuleOrder, "Shutdown before Initialized")
		}
		inFlight, _ := s.peer.Refuse()
		s.peer.Send(wire.ShutdownAck{InFlight: inFlight})
		select {
		case <-s.shutdown: // replaced by this one
		default:
		}
		s.shutdown <- down
	}
	return nil
}

// run waits for whatever ends the worker.
func (s *session) run(ctx context.Context) error {
	select {
	case down := <-s.shutdown:
		return s.stop(ctx, down)
	case <-ctx.Done():
		inFlight, first := s.peer.Refuse()
		if !first { // control has a Shutdown in hand, which it acknowledges
			return s.stop(ctx, <-s.shutdown)
		}
		// An acknowledgement that nobody asked for says that this worker wants replacing.
		s.peer.Send(wire.ShutdownAck{InFlight: inFlight})
		return s.stop(context.WithoutCancel(ctx), s.leave(wire.Shutdown{Grace: TermGrace, Reason: reason(ctx)}))
	case <-s.peer.Ended():
		return s.orphaned()
	}
}

// leave waits for the host's Shutdown, within the grace of the worker's own, and returns what
// is left to do. Once all handlers have returned it waits for hearing at the most: inputs may
// be on their way that are to be refused, so that the host knows that they can be sent to
// another worker.
func (s *session) leave(own wire.Shutdown) wire.Shutdown {
	begun := time.Now()
	bound := time.NewTimer(own.Grace)
	defer bound.Stop()
	returned := s.peer.Returned()
	for {
		select {
		case down := <-s.shutdown:
			return wire.Shutdown{Grace: down.Grace, Reason: own.Reason}
		case <-returned:
			returned = nil
			bound.Reset(min(hearing, own.Grace-time.Since(begun)))
			continue
		case <-bound.C:
		case <-s.peer.Ended():
		}
		own.Grace = max(0, own.Grace-time.Since(begun))
		return own
	}
}

// stop lets handlers run for the grace, ends what is left, and says goodbye. A further
// Shutdown replaces the grace. The end of ctx may shorten what is left of it.
func (s *session) stop(ctx context.Context, down wire.Shutdown) error {
	s.peer.Refuse()
	returned := s.peer.Returned() // which may be some time after its answer
	until := time.Now().Add(down.Grace)
	grace := time.NewTimer(down.Grace)
	defer grace.Stop()
	terminate := ctx.Done()
	for waiting := true; waiting; {
		select {
		case <-returned:
			waiting = false
		case <-grace.C:
			waiting = false
		case down = <-s.shutdown:
			until = time.Now().Add(down.Grace)
			grace.Reset(down.Grace)
		case <-terminate:
			terminate = nil
			grace.Reset(min(time.Until(until), TermGrace))
		case <-s.peer.Ended():
			return s.orphaned()
		}
	}
	if s.peer.Err() != nil {
		return s.orphaned() // which is why the handlers have returned
	}
	s.peer.CancelAll(why("the worker is shutting down", down.Reason))
	// They may have something to tidy up, and to log.
	_, heard := within(returned, afterGrace)
	s.deaf = !heard
	return s.exit(0, down.Reason, nil)
}

// exit says goodbye with an exit code, and returns cause. A host that is gone before it, or
// that does not read and so has lost answers, makes no good end.
func (s *session) exit(code int, reason string, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	last := wire.Exiting{Code: code, Reason: cut(reason, maxReason)}
	err := s.peer.SendLast(ctx, last)
	switch {
	case err == nil || cause != nil:
		return cause
	case s.peer.Err() != nil:
		return s.orphaned()
	}
	return fmt.Errorf("%w: it does not read: the last message could not be sent: %w", ErrHostGone, err)
}

// orphaned returns what the end of the link means.
func (s *session) orphaned() error {
	err := s.peer.Err()
	var broken *wire.Violation
	if errors.As(err, &broken) {
		return broken
	}
	return fmt.Errorf("%w: %w", ErrHostGone, err)
}

func (s *session) panicked(method string, value any, stack []byte) {
	s.logger.Error("a handler panicked", zap.String("method", method), zap.String("panic", fmt.Sprint(value)), zap.ByteString("stack", stack))
}

// reason is why ctx has ended.
func reason(ctx context.Context) string { return context.Cause(ctx).Error() }

// why adds the reason for something, if there is one.
func why(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + cut(reason, maxReason)
}

// cut shortens a text to n bytes.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n] + "..."
}
