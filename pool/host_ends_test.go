//go:build unix

package pool

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
)

// Workers that the host has ended, though not the pool.

// TestMemoryLimitOfWorkers has workers pass the limit of their own supervision, more often
// than a place may fail: they have not died, and none is waited for.
func TestMemoryLimitOfWorkers(t *testing.T) {
	worker := program("worker", "1")
	worker.Memory = parent.Memory{Limit: 100 << 20, Interval: 50 * time.Millisecond}
	spec := Spec{Worker: worker, Size: Size{Min: 1}}
	events := record(&spec)
	p := start(t, spec)
	for range 6 {
		first := next(t, events, Ready).PID
		p.Call(t.Context(), "grow", 150, nil) // may end while it is on its way
		if left := next(t, events, Leaving); left.PID != first || left.Cause != CauseMemory || left.Delay != 0 {
			t.Errorf("%+v", left)
		}
	}
	eventually(t, "all have ended", func() bool { return p.Stats().Ended == 6 })
	if s := p.Stats(); s.Died != 0 || s.Unsent != 0 {
		t.Errorf("%+v", s)
	}
	if s := p.Slots()[0]; s.BreakerOpen || s.LastError != nil {
		t.Errorf("%+v", s)
	}
}

// TestUnresponsiveWorkersOfPool stops a worker until its supervision kills it: its place has
// failed, and all say why.
func TestUnresponsiveWorkersOfPool(t *testing.T) {
	worker := program("worker", "1")
	worker.Health = parent.Health{Interval: 50 * time.Millisecond, Timeout: time.Second}
	spec := Spec{Worker: worker, Size: Size{Min: 1}}
	events := record(&spec)
	p := start(t, spec)
	first := pid(t, p)
	syscall.Kill(first, syscall.SIGSTOP)
	if left := next(t, events, Leaving); left.PID != first || left.Cause != CauseUnresponsive {
		t.Errorf("%+v", left)
	}
	ended := next(t, events, Ended)
	var exit *process.ExitError
	if ended.PID != first || ended.Cause != CauseUnresponsive || ended.Delay <= 0 || !errors.As(ended.Err, &exit) ||
		!strings.Contains(exit.Exit.Reason, "no answer to a ping") {
		t.Errorf("%+v", ended)
	}
	if s := p.Stats(); s.Died != 0 || s.Ended != 1 {
		t.Errorf("%+v", s)
	}
	if got := pid(t, p); got == first {
		t.Error("it is still there")
	}
}

// TestShutdownOfWorkers has the host shut a worker down by itself, from a callback of its
// supervision.
func TestShutdownOfWorkers(t *testing.T) {
	worker := program("worker", "1")
	var mine atomic.Pointer[parent.Worker]
	worker.OnEvent = func(w *parent.Worker, _ parent.Event) { mine.CompareAndSwap(nil, w) }
	spec := Spec{Worker: worker, Size: Size{Min: 1}}
	events := record(&spec)
	p := start(t, spec)
	first := pid(t, p)
	eventually(t, "it is known", func() bool { return mine.Load() != nil })
	if err := mine.Load().ShutdownFor(t.Context(), "the host has had enough of it"); err != nil {
		t.Error(err)
	}
	if left := next(t, events, Leaving); left.PID != first || left.Cause != CauseAsked || left.Delay != 0 {
		t.Errorf("%+v", left)
	}
	if ended := next(t, events, Ended); ended.Err != nil || ended.Delay != 0 {
		t.Errorf("%+v", ended)
	}
	if s := p.Stats(); s.Died != 0 {
		t.Errorf("%+v", s)
	}
}

// TestNames holds that a worker has the same name in all errors: that of its Spec.
func TestNames(t *testing.T) {
	worker := program("worker") // which calls itself test
	worker.Name = "mine"
	spec := Spec{Worker: worker, Size: Size{Min: 1}}
	events := record(&spec)
	p := start(t, spec)
	for _, code := range []int{0, 3} {
		if err := p.Call(t.Context(), "exit", code, nil); err == nil || !strings.HasPrefix(err.Error(), "mine (pid ") {
			t.Error(err)
		}
		if e := next(t, events, Ended); e.Err == nil || !strings.HasPrefix(e.Err.Error(), "mine (pid ") {
			t.Error(e.Err)
		}
	}
	pid(t, p)
	p.mu.Lock()
	m := p.members[0]
	p.mu.Unlock()
	p.Shutdown(t.Context())
	for _, cause := range []Cause{CauseDied, CauseUnresponsive} { // of one that ended in order all the same
		m.cause = cause
		if err := m.endedLocked(nil); !strings.HasPrefix(err.Error(), "mine (pid ") {
			t.Error(err)
		}
	}
}

// TestShutdownTellsOfAll has workers that do not end and have left for other causes when the
// pool is shut down: that they had to be killed is an error all the same.
func TestShutdownTellsOfAll(t *testing.T) {
	for how, leave := range map[Cause]func(*testing.T, *Pool){
		CauseFailures: func(t *testing.T, p *Pool) { hang(t, p) },
		CauseReload: func(t *testing.T, p *Pool) {
			hang(t, p.Sticky("once"))
			if err := p.Reload(t.Context(), program("worker")); err != nil {
				t.Error(err)
			}
		},
		CauseDiscard: func(t *testing.T, p *Pool) {
			s, err := p.Checkout(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			hang(t, s)
			s.Discard()
		},
	} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			spec := Spec{Worker: program("worker"), Size: Size{Min: 1}, PerWorker: 1, Restart: Restart{Min: -1}}
			spec.Worker.Stop.Grace = time.Hour
			if how == CauseFailures {
				spec.Recycle.Failures = 1
			}
			events := record(&spec)
			p := start(t, spec)
			leave(t, p)
			if left := next(t, events, Leaving); left.Cause != how {
				t.Errorf("%+v", left)
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the lights go out"))
			defer cancel()
			err := p.Shutdown(ctx)
			var exit *process.ExitError
			if !errors.As(err, &exit) || !exit.Exit.KilledByHost() {
				t.Error(err)
			}
		})
	}
}
