//go:build unix

package pool

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
)

// Calls that go on although nobody waits for them any more: their handlers do not heed their
// contexts.

// hang makes a call that hangs, and gives it up.
func hang(t *testing.T, c exchange.Caller) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := c.Call(ctx, "stubborn", 600_000, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

// impatient is a worker whose handlers have little time to end.
func impatient() parent.Spec {
	spec := program("worker")
	spec.Stop = parent.Stop{Grace: 50 * time.Millisecond, Term: -1}
	return spec
}

// TestHungCallsDoNotCountForTheSuccessor takes a worker out for a call that hangs: the next
// one takes as many calls as ever, and the old one is not given the time to drain.
func TestHungCallsDoNotCountForTheSuccessor(t *testing.T) {
	spec := Spec{Worker: impatient(), Size: Size{Min: 1}, PerWorker: 1, Recycle: Recycle{Failures: 1}, Restart: Restart{Min: -1}}
	spec.Worker.Stop.Grace = time.Hour // so that the old one is there for long
	p := start(t, spec)
	first := pid(t, p)
	hang(t, p)
	if got := pid(t, p); got == first {
		t.Error("the call went to the worker that was taken out")
	}
	if s := p.Stats(); s.Draining != 1 || s.InFlight != 1 || s.Ended != 0 {
		t.Errorf("%+v", s)
	}
	session, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	session.Release()
}

// TestHungCallsDoNotDrain replaces workers that have nothing left but what nobody waits for:
// they have the time of Worker.Stop, and not that of Drain.
func TestHungCallsDoNotDrain(t *testing.T) {
	t.Run("given up before", func(t *testing.T) {
		p := start(t, Spec{Worker: impatient(), Size: Size{Min: 1}, PerWorker: 1, Drain: -1})
		hang(t, p)
		if err := p.Reload(t.Context(), impatient()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the old one has ended", func() bool { return p.Stats().Draining == 0 })
	})
	t.Run("given up meanwhile", func(t *testing.T) {
		p := start(t, Spec{Worker: impatient(), Size: Size{Min: 1}, PerWorker: 1, Drain: -1})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if _, err := p.Open(ctx, "stubborn", exchange.Last{Value: 600_000}); err != nil {
			t.Fatal(err)
		}
		if err := p.Reload(t.Context(), impatient()); err != nil {
			t.Fatal(err)
		}
		if s := p.Stats(); s.Draining != 1 || s.InFlight != 1 {
			t.Errorf("%+v; want the old one to work on what somebody waits for", s)
		}
		cancel()
		eventually(t, "the old one has ended", func() bool { return p.Stats().Draining == 0 })
	})
}

// TestStuckWorkers has a worker that hangs in all its places, without Recycle: it is replaced
// once that has been so for long.
func TestStuckWorkers(t *testing.T) {
	worker := impatient()
	worker.Health = parent.Health{Interval: 50 * time.Millisecond, Stuck: 200 * time.Millisecond}
	spec := Spec{Worker: worker, Size: Size{Min: 1}, PerWorker: 2, Queue: Queue{Timeout: -1}}
	events := record(&spec)
	p := start(t, spec)
	first := pid(t, p)
	hang(t, p)
	hang(t, p.Sticky("key"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, c := range []exchange.Caller{p, p.Sticky("key")} {
		if got, err := exchange.Call[int](ctx, c, "pid", nil); err != nil || got == first {
			t.Errorf("%d, %v", got, err)
		}
	}
	if left := next(t, events, Leaving); left.PID != first || left.Cause != CauseStuck || left.Delay != 0 {
		t.Errorf("%+v", left)
	}
	if ended := next(t, events, Ended); ended.PID != first || ended.Cause != CauseStuck {
		t.Errorf("%+v", ended)
	}
	if s := p.Stats(); s.Died != 0 {
		t.Errorf("%+v", s)
	}
}
