package pool

import (
	"context"
	"errors"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// Session is a worker that its holder has for itself, from [Pool.Checkout] to Release or
// Discard. It is an [exchange.Caller]; its methods may be called by any number of goroutines
// at a time.
//
// A call never goes to another worker: when the session's has died, every call says so.
type Session struct {
	p *Pool
	m *member
}

var _ exchange.Caller = (*Session)(nil)

// Checkout waits for a worker that has no calls, and keeps it from having any but those of
// the session. It waits and fails as Call does. While it waits, the least busy worker has no
// new calls, so that its turn comes.
//
// Whoever has a session ends it, or its worker is lost to the pool.
func (p *Pool) Checkout(ctx context.Context) (*Session, error) {
	m, err := p.acquire(ctx, want{alone: true})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return m.session, nil
}

// Call implements [exchange.Caller].
func (s *Session) Call(ctx context.Context, method string, in, out any) error {
	if err := s.enter(); err != nil {
		return err
	}
	err := s.m.w.Call(ctx, method, in, out)
	s.ended(err)
	return err
}

// Open implements [exchange.Caller].
func (s *Session) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	x, err := s.m.w.Open(ctx, method, in)
	if err != nil {
		s.ended(err)
		return nil, err
	}
	s.p.opened(s.m)
	return x, nil
}

// PID is the worker's process id.
func (s *Session) PID() int { return s.m.w.PID() }

// Done is closed when the worker has ended.
func (s *Session) Done() <-chan struct{} { return s.m.w.Done() }

// Release ends the session and gives the worker back to the pool. Calls that are open go on,
// and count among the worker's. After the first Release or Discard, both do nothing.
func (s *Session) Release() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.releaseLocked()
}

// Discard ends the session and shuts the worker down, as its state is of no use to anybody
// else. Another one takes its place.
func (s *Session) Discard() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.m.session != s {
		return
	}
	s.m.leaveLocked(CauseDiscard)
	if !s.m.isDrained { // whatever it still does
		s.m.isDrained = true
		close(s.m.drained)
	}
	s.releaseLocked()
}

func (s *Session) releaseLocked() {
	if s.m.session == s {
		s.m.session = nil
		s.p.freedLocked(s.m)
	}
}

var errReleased = errors.New("the session has ended")

// enter counts a call of the session.
func (s *Session) enter() error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.m.session != s {
		return &refused{wire.Errorf(wire.CodeShuttingDown, "no call was made"), errReleased}
	}
	s.m.inFlight++
	s.p.stats.Calls++
	return nil
}

// ended is the end of a call of the session, which as a whole is one use of the worker.
func (s *Session) ended(err error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.endedLocked(s.m, err)
}
