//go:build unix

package pool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// record keeps events.
func record(spec *Spec) <-chan Event {
	events := make(chan Event, 1000)
	spec.OnEvent = func(e Event) { events <- e }
	return events
}

// next waits for an event of a kind.
func next(t *testing.T, events <-chan Event, kind EventKind) Event {
	t.Helper()
	for {
		if e := received(t, string(kind), events); e.Kind == kind {
			return e
		}
	}
}

// TestRecycle replaces a worker for each cause: its successor is ready before it leaves.
func TestRecycle(t *testing.T) {
	for cause, test := range map[Cause]struct {
		recycle Recycle
		use     func(*testing.T, *Pool)
	}{
		CauseUses:   {Recycle{Uses: 4}, func(t *testing.T, p *Pool) { pid(t, p); pid(t, p); pid(t, p) }},
		CauseAge:    {Recycle{Age: 300 * time.Millisecond}, func(*testing.T, *Pool) {}},
		CauseIdle:   {Recycle{Idle: 200 * time.Millisecond}, func(t *testing.T, p *Pool) { pid(t, p) }},
		CauseMemory: {Recycle{Memory: 256 << 20}, func(t *testing.T, p *Pool) { p.Call(t.Context(), "grow", 300, nil) }},
	} {
		t.Run(string(cause), func(t *testing.T) {
			t.Parallel()
			spec := Spec{Worker: program("worker", "1"), Size: Size{Min: 1}, Recycle: test.recycle}
			events := record(&spec)
			p := start(t, spec)
			first := next(t, events, Ready).PID
			test.use(t, p)
			second := next(t, events, Ready).PID
			left := next(t, events, Leaving)
			if left.PID != first || left.Cause != cause || second == first {
				t.Errorf("%+v; want the worker %d to leave for its %s", left, first, cause)
			}
			ended := next(t, events, Ended)
			if ended.PID != first || ended.Cause != cause || ended.Err != nil || ended.Delay != 0 {
				t.Errorf("%+v", ended)
			}
			if cause == CauseUses {
				if got := pid(t, p); got != second {
					t.Errorf("the call went to %d; want %d", got, second)
				}
			}
		})
	}
}

// TestUsesAreExact calls a worker until it is used up, and counts.
func TestUsesAreExact(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "2"), Size: Size{Min: 2}, Recycle: Recycle{Uses: 5}})
	uses := make(chan int)
	for range 40 {
		go func() { uses <- pid(t, p) }()
	}
	times := map[int]int{}
	for range 40 {
		times[received(t, "an answer", uses)]++
	}
	for pid, n := range times {
		if n > 5 {
			t.Errorf("the worker %d had %d calls", pid, n)
		}
	}
	if s := p.Stats(); s.Died != 0 || s.Unsent != 0 {
		t.Errorf("%+v", s)
	}
}

// TestFailuresInARow takes out a worker that fails every call, and not one whose application
// says no.
func TestFailuresInARow(t *testing.T) {
	spec := Spec{Worker: program("worker", "1"), Size: Size{Min: 1}, Recycle: Recycle{Failures: 3}, Restart: Restart{Min: time.Millisecond}}
	events := record(&spec)
	p := start(t, spec)
	first := pid(t, p)
	call := func(method string, in any) {
		t.Helper()
		if err := p.Call(t.Context(), method, in, nil); err == nil {
			t.Errorf("%s has not failed", method)
		}
	}
	for range 3 {
		call("fail", nil)
		call("panic", nil)
		call("no", nil) // which proves that it works
	}
	for range 5 {
		call("nosuch", nil)
	}
	if got := pid(t, p); got != first {
		t.Fatalf("the worker %d is gone", first)
	}
	x, err := p.Open(t.Context(), "fail", nil)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has failed", func() bool { return p.Stats().InFlight == 0 })
	x.Close()
	call("fail", nil)
	call("panic", nil)
	if left := next(t, events, Leaving); left.PID != first || left.Cause != CauseFailures || left.Delay <= 0 {
		t.Errorf("%+v; want the wait after a failure", left)
	}
	if got := pid(t, p); got == first {
		t.Error("it is still there")
	}
}

// TestUnhealthyWorkers stops a worker: it has no calls until it goes on.
func TestUnhealthyWorkers(t *testing.T) {
	worker := program("worker", "1")
	worker.Health.Interval = 50 * time.Millisecond
	told := make(chan struct{}, 10)
	gate := make(chan struct{})
	defer close(gate)
	worker.OnEvent = func(_ *parent.Worker, e parent.Event) {
		if _, ok := e.(parent.Unhealthy); ok {
			told <- struct{}{}
			<-gate // which keeps nothing from the pool
		}
	}
	p := start(t, Spec{Worker: worker, Size: Size{Min: 2}})
	first := pid(t, p)
	syscall.Kill(first, syscall.SIGSTOP)
	defer syscall.Kill(first, syscall.SIGCONT)
	received(t, "the alarm of the worker's own Spec", told)
	eventually(t, "it is known", func() bool { return p.Slots()[0].State == SlotUnhealthy || p.Slots()[1].State == SlotUnhealthy })
	for range 5 {
		if got := pid(t, p); got == first {
			t.Error("a worker that is stopped had a call")
		}
	}
	syscall.Kill(first, syscall.SIGCONT)
	eventually(t, "it is back", func() bool { return p.Slots()[0].State == SlotReady && p.Slots()[1].State == SlotReady })
}

// TestDeadWorkersHaveNoCalls kills workers that nobody uses: no call notices.
func TestDeadWorkersHaveNoCalls(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 3}, Restart: Restart{Min: time.Millisecond, Failures: -1}})
	for i := range 20 {
		syscall.Kill(pid(t, p), syscall.SIGKILL)
		eventually(t, "it is noticed", func() bool { return p.Stats().Died == uint64(i+1) && p.Stats().Workers > 0 })
		for range 3 {
			pid(t, p)
		}
	}
	if s := p.Stats(); s.Unsent != 0 {
		t.Errorf("%d calls were given to dead workers", s.Unsent)
	}
}

// TestPoisonedWorkersAreReplacedAtOnce has a poisoned worker still busy with another call.
func TestPoisonedWorkersAreReplacedAtOnce(t *testing.T) {
	p := start(t, Spec{
		Worker: program("worker", "2"), Size: Size{Min: 1},
		Recycle: Recycle{Failures: 1}, Restart: Restart{Min: -1},
	})
	first := pid(t, p)
	release := hold(t, p)
	if err := p.Call(t.Context(), "fail", nil, nil); err == nil {
		t.Error("it has not failed")
	}
	if got := pid(t, p); got == first {
		t.Error("the poisoned worker had a call")
	}
	if s := p.Stats(); s.Draining != 1 || s.InFlight != 1 || s.Ended != 0 {
		t.Errorf("%+v", s)
	}
	release()
	eventually(t, "it is gone", func() bool { return p.Stats().Ended == 1 })
}

// TestWorkersThatAsk has workers ask to be replaced, as those with the SDK do at SIGTERM,
// while calls go on: none fails but those that were on their way to it at that moment, and no
// place waits.
func TestWorkersThatAsk(t *testing.T) {
	spec := Spec{Worker: program("worker", "4"), Size: Size{Min: 2}}
	events := record(&spec)
	p := start(t, spec)
	var stop atomic.Bool
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for !stop.Load() {
				err := p.Call(t.Context(), "pid", nil, nil)
				var exit *process.ExitError
				if err != nil && (!errors.As(err, &exit) || !exit.Sent || !exit.Exit.Success()) {
					t.Error(err)
				}
			}
		})
	}
	for i := range 6 {
		next(t, events, Ready)
		if i == 0 {
			next(t, events, Ready)
		}
		var worker SlotInfo
		eventually(t, "it has had a call", func() bool { worker = p.Slots()[i%2]; return worker.PID != 0 && worker.Uses > 0 })
		syscall.Kill(worker.PID, syscall.SIGTERM)
		if left := next(t, events, Leaving); left.Cause != CauseAsked || left.Delay != 0 {
			t.Errorf("%+v", left)
		}
	}
	next(t, events, Ready)
	stop.Store(true)
	callers.Wait()
}

// TestUsedUpWithoutSuccessor has a worker that is used up, and none can follow: calls do not
// wait for ever.
func TestUsedUpWithoutSuccessor(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, Spec{
		Worker: program("token", "1", token), Size: Size{Min: 1}, Queue: Queue{Timeout: -1},
		Recycle: Recycle{Uses: 1}, Restart: Restart{Min: time.Millisecond, Failures: -1},
	})
	last := pid(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := exchange.Call[int](ctx, p, "pid", nil)
	wantCode(t, err, wire.CodeOverloaded)
	if !strings.Contains(err.Error(), "there is no token") {
		t.Error(err)
	}
	eventually(t, "the one that is used up has ended", func() bool { return syscall.Kill(last, 0) != nil })
}
