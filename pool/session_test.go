//go:build unix

package pool

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

func TestSession(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "4"), Size: Size{Min: 2}})
	s, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		defer hold(t, p)() // all of which go to the other one
	}
	if got := pid(t, s); got != s.PID() {
		t.Errorf("the session has %d, and its call went to %d", s.PID(), got)
	}
	x, err := s.Open(t.Context(), "count", exchange.Last{Value: 2})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has ended", func() bool { return p.Stats().InFlight == 4 })
	x.Close()
	waits := make(chan int)
	go func() { waits <- pid(t, p) }()
	eventually(t, "it waits", func() bool { return p.Stats().Waiting == 1 })
	if st := p.Stats(); st.Sessions != 1 || st.Workers != 2 {
		t.Errorf("%+v", st)
	}
	s.Release()
	if got := received(t, "the call that has waited", waits); got != s.PID() {
		t.Errorf("it went to %d", got)
	}
	s.Release()
	s.Discard()
	wantCode(t, s.Call(t.Context(), "", 1, nil), wire.CodeShuttingDown)
	if _, err := s.Open(t.Context(), "", 1); !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	if got := p.Stats().Sessions; got != 0 {
		t.Errorf("%d sessions", got)
	}
}

// TestCheckoutHasItsTurn waits for a worker that others would never let rest.
func TestCheckoutHasItsTurn(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "2"), Size: Size{Min: 1}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, 4)
	for range cap(done) {
		go func() {
			for ctx.Err() == nil {
				p.Call(ctx, "sleep", 3, nil)
			}
			done <- struct{}{}
		}()
	}
	for range 5 {
		s, err := p.Checkout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if st := p.Stats(); st.InFlight != 0 || st.Sessions != 1 {
			t.Errorf("%+v", st)
		}
		s.Release()
	}
	// One that is cancelled is in nobody's way.
	release := hold(t, p)
	short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	if _, err := p.Checkout(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	stop()
	pid(t, p)
	release()
	cancel()
	for range cap(done) {
		received(t, "the end of a caller", done)
	}
}

// TestCheckoutGrows has a session wait for a worker that is busy: a new one comes first.
func TestCheckoutGrows(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "2"), Size: Size{Min: 1, Max: 2}})
	first := pid(t, p)
	defer hold(t, p)()
	s, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	if s.PID() == first {
		t.Error("the worker is not alone")
	}
	if got := pid(t, p); got != first {
		t.Errorf("the call went to %d; want %d, which has room again", got, first)
	}
}

func TestDiscard(t *testing.T) {
	spec := Spec{Worker: program("worker", "1"), Size: Size{Min: 1}}
	events := record(&spec)
	p := start(t, spec)
	s, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Discard()
	if left := next(t, events, Leaving); left.PID != s.PID() || left.Cause != CauseDiscard {
		t.Errorf("%+v", left)
	}
	received(t, "the end of the worker", s.Done())
	if got := pid(t, p); got == s.PID() {
		t.Error("it is still there")
	}
	if ended := next(t, events, Ended); ended.Err != nil || ended.Delay != 0 {
		t.Errorf("%+v", ended)
	}
}

func TestSessionOfADeadWorker(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1}, Restart: Restart{Min: -1}})
	s, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var exit *process.ExitError
	if err := s.Call(t.Context(), "exit", 3, nil); !errors.As(err, &exit) || !exit.Sent {
		t.Error(err)
	}
	if err := s.Call(t.Context(), "", 3, nil); !errors.As(err, &exit) || exit.Sent {
		t.Error(err)
	}
	pid(t, p) // by the next worker
	s.Release()
	s, err = p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Discard()
}

// TestCheckoutSurvivesWorkers waits for a worker that dies before it is free.
func TestCheckoutSurvivesWorkers(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1}, Restart: Restart{Min: -1}})
	first := pid(t, p)
	hold(t, p)
	got := make(chan *Session)
	go func() {
		s, err := p.Checkout(t.Context())
		if err != nil {
			t.Error(err)
		}
		got <- s
	}()
	eventually(t, "it waits", func() bool { return p.Stats().Waiting == 1 })
	if s := p.Slots()[0]; s.State != SlotSession {
		t.Errorf("%+v", s)
	}
	syscall.Kill(first, syscall.SIGKILL)
	s := received(t, "the session", got)
	if s.PID() == first {
		t.Error("it has a dead worker")
	}
	s.Release()
}

// TestSessionIsAUse has workers that die after sessions have used them: what the sessions
// still try is not held against the place.
func TestSessionIsAUse(t *testing.T) {
	spec := Spec{Worker: program("worker", "1"), Size: Size{Min: 1}, Restart: Restart{Min: -1, Failures: -1}}
	events := record(&spec)
	p := start(t, spec)
	for range hopeless {
		s, err := p.Checkout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pid(t, s)
		syscall.Kill(s.PID(), syscall.SIGKILL)
		received(t, "its link has ended", s.m.w.Unlinked())
		for range 3 {
			if err := s.Call(t.Context(), "pid", nil, nil); !errors.Is(err, wire.ErrNotSent) {
				t.Error(err)
			}
		}
		next(t, events, Ended)
		s.Release()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.slots[0].barren; n > 0 {
		t.Errorf("%d workers have come to nothing", n)
	}
}

// TestCheckoutOfUnhealthy has a worker fall ill while it is kept free for a session.
func TestCheckoutOfUnhealthy(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1}})
	release := hold(t, p)
	sessions := make(chan *Session)
	go func() {
		s, err := p.Checkout(t.Context())
		if err != nil {
			t.Error(err)
		}
		sessions <- s
	}()
	eventually(t, "it waits", func() bool { return p.Stats().Waiting == 1 })
	m := p.members[0]
	m.setHealth(false)
	release()
	eventually(t, "the worker is idle", func() bool { return p.Stats().InFlight == 0 })
	if s := p.Stats(); s.Sessions != 0 || s.Waiting != 1 {
		t.Errorf("%+v", s)
	}
	m.setHealth(true)
	received(t, "the session", sessions).Release()
}

// TestEndWithoutRelease has a session that its holder forgets: the end of the pool does not
// wait for it.
func TestEndWithoutRelease(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1}})
	s, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case <-s.m.drained:
	default:
		t.Error("the time for its calls has passed, of which there were none")
	}
	s.Release()
}
