package child

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/internal/version"
	"github.com/kinwire/kinwire/wire"
)

// start answers Initialize, once the worker is ready for its first call or has failed to be.
func (s *session) start(ctx context.Context, in wire.Initialize) error {
	common := wire.Both(in.Features, wire.Features)
	if s.logger == nil {
		s.logger = hostLogger(s.peer, common, in)
	}
	if !slices.Contains(in.Versions, wire.Version) {
		return s.refuse(wire.Errorf(wire.CodeUnsupportedVersion,
			"the host speaks version %v of the protocol, this worker version %d", in.Versions, wire.Version))
	}
	failed, gone := s.init(ctx, in)
	if gone {
		return s.orphaned()
	}
	if failed != nil {
		return s.refuse(failed)
	}
	ours := peer.Terms{
		MaxFrame:    cmp.Or(s.MaxFrame, wire.DefaultMaxFrame),
		Window:      cmp.Or(s.Window, peer.DefaultWindow),
		Concurrency: max(s.Concurrency, 0),
	}
	theirs := peer.Terms{MaxFrame: in.MaxFrame, Window: in.Window, Concurrency: in.Concurrency}
	s.peer.Establish(ours, theirs, common, wire.Initialized{
		Version:     wire.Version,
		Name:        s.Name,
		Build:       s.Build,
		SDK:         version.SDK,
		PID:         os.Getpid(),
		Methods:     slices.AppendSeq([]string{}, maps.Keys(s.Handlers)),
		Concurrency: ours.Concurrency,
		MaxFrame:    ours.MaxFrame,
		Window:      ours.Window,
		Features:    common,
	})
	return nil
}

// init runs Init, and reports whether the host has gone meanwhile. Of an Init whose context
// has ended it waits a moment for the end: TermGrace if the worker is to end.
func (s *session) init(ctx context.Context, in wire.Initialize) (failed *wire.Error, gone bool) {
	if s.Init == nil {
		return nil, false
	}
	initCtx, cancel := context.WithCancel(context.WithValue(ctx, sessionKey{}, s))
	defer cancel()
	done := make(chan *wire.Error, 1)
	go func() { // left behind if it does not heed its context
		failed := wire.Errorf(wire.CodePanicked, "Init ended its goroutine (runtime.Goexit)")
		defer func() { done <- failed }()
		failed = s.callInit(initCtx, in.Config)
	}()
	select {
	case failed := <-done:
		return failed, false
	case <-s.peer.Ended():
		cancel()
		within(done, afterGrace)
		return nil, true
	case <-ctx.Done():
	}
	if failed, ok := within(done, TermGrace); ok && failed != nil {
		return failed, false
	}
	return wire.Errorf(wire.CodeCanceled, "the worker was told to end: %s", reason(ctx)), false
}

// within waits for a value, but not longer than d.
func within[T any](c <-chan T, d time.Duration) (v T, ok bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case v = <-c:
		return v, true
	case <-t.C:
		return v, false
	}
}

func (s *session) callInit(ctx context.Context, config wire.Payload) (failed *wire.Error) {
	defer func() {
		if v := recover(); v != nil {
			s.logger.Error("the initialisation panicked", zap.String("panic", fmt.Sprint(v)), zap.ByteString("stack", debug.Stack()))
			failed = wire.Errorf(wire.CodePanicked, "%v", v)
		}
	}()
	err := s.Init(ctx, config)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed):
		return failed
	}
	return wire.Errorf(wire.CodeFailed, "%v", err)
}

// refuse tells the host why there will be no worker, and that this process exits.
func (s *session) refuse(e *wire.Error) error {
	told := *e
	told.Message = cut(told.Message, maxInitError)
	if len(told.Data) > maxInitError {
		told.Data = nil
	}
	s.peer.Send(wire.Initialized{Version: wire.Version, Name: s.Name, Build: s.Build, SDK: version.SDK, PID: os.Getpid(), Error: &told})
	return s.exit(1, e.Message, fmt.Errorf("the worker could not be initialised: %w", e))
}

// maxInitError is how much of an error of Init is told, and of its data: any frame has room
// for it.
const maxInitError = 64 << 10
