//go:build unix

package pool

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/wire"
)

// kind is a worker that knows which it is.
func kind(name string) parent.Spec {
	spec := program("worker", "2")
	spec.Env = append(spec.Env, "KINWIRE_POOL_KIND="+name)
	return spec
}

// TestReload replaces all workers under load, a few times: no call fails, and none goes to
// an old one once Reload has returned.
func TestReload(t *testing.T) {
	p := start(t, Spec{Worker: kind("0"), Size: Size{Min: 3, Spares: 1}})
	var stop atomic.Bool
	var calls atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for !stop.Load() {
				if err := p.Call(t.Context(), "sleep", 1, nil); err != nil {
					t.Error(err)
				}
				calls.Add(1)
			}
		})
	}
	for i := range 3 {
		name := string(rune('1' + i))
		before := calls.Load()
		if err := p.Reload(t.Context(), kind(name)); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if got, err := exchange.Call[string](t.Context(), p, "arg", nil); got != name || err != nil {
				t.Errorf("%q, %v; want %q", got, err, name)
			}
		}
		eventually(t, "calls go on", func() bool { return calls.Load() > before+20 })
	}
	stop.Store(true)
	callers.Wait()
	eventually(t, "the old ones are gone", func() bool { s := p.Stats(); return s.Draining == 0 && s.Spares == 1 && s.Workers == 3 })
	s := p.Stats()
	if s.Died != 0 || s.Unsent != 0 {
		t.Errorf("%+v", s)
	}
	wantSums(t, s)
}

// TestReloadFails keeps what there is if the new kind is none.
func TestReloadFails(t *testing.T) {
	p := start(t, Spec{Worker: kind("old"), Size: Size{Min: 2}})
	before := pid(t, p)
	var failed *parent.StartError
	if err := p.Reload(t.Context(), program("words")); !errors.As(err, &failed) || !strings.Contains(err.Error(), "no such table") {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Reload(ctx, program("silent")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if got := pid(t, p); got != before {
		t.Error("the worker is another one")
	}
	s := p.Stats()
	if s.Workers != 2 || s.Ended != 0 || s.Starts != 4 || s.StartsFailed != 1 || s.StartsGivenUp != 1 {
		t.Errorf("%+v", s)
	}
	wantSums(t, s)
}

// TestReloadLetsStreamsEnd has an exchange open while its worker is replaced.
func TestReloadLetsStreamsEnd(t *testing.T) {
	p := start(t, Spec{Worker: kind("old"), Size: Size{Min: 1}})
	result := make(chan error)
	go func() { result <- p.Call(t.Context(), "sleep", 700, nil) }()
	eventually(t, "it is on its way", func() bool { return p.Stats().InFlight == 1 })
	if err := p.Reload(t.Context(), kind("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := exchange.Call[string](t.Context(), p, "arg", nil); got != "new" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := received(t, "the call that the old one has", result); err != nil {
		t.Error(err)
	}
}

// TestDrainIsBounded replaces a worker whose call never ends.
func TestDrainIsBounded(t *testing.T) {
	worker := kind("old")
	worker.Stop.Grace = 50 * time.Millisecond
	p := start(t, Spec{Worker: worker, Size: Size{Min: 1}, Drain: 100 * time.Millisecond})
	result := make(chan error)
	go func() { result <- p.Call(t.Context(), "wait", nil, nil) }()
	eventually(t, "it is on its way", func() bool { return p.Stats().InFlight == 1 })
	if err := p.Reload(t.Context(), worker); err != nil {
		t.Fatal(err)
	}
	if err := received(t, "the end of the call", result); err == nil {
		t.Error("it has ended well")
	}
}

// TestShutdownDuringReload ends the pool while a worker of a new kind starts: nothing is left
// of that either.
func TestShutdownDuringReload(t *testing.T) {
	p := start(t, Spec{Worker: kind("old"), Size: Size{Min: 1}})
	var over atomic.Bool
	starting := make(chan struct{})
	worker := program("silent")
	worker.OnEvent = func(_ *parent.Worker, e parent.Event) {
		switch e, _ := e.(parent.StateChanged); {
		case e == parent.StateChanged{State: parent.Starting}:
			close(starting)
		case e.State == parent.Exited:
			time.Sleep(300 * time.Millisecond)
			over.Store(true)
		}
	}
	reloaded := make(chan error)
	go func() { reloaded <- p.Reload(t.Context(), worker) }()
	received(t, "the start", starting)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if !over.Load() {
		t.Error("the worker that started is still there")
	}
	wantCode(t, received(t, "the end of Reload", reloaded), wire.CodeShuttingDown)
}

// TestReloadOfFleeting replaces workers that have one call each, under load: at hardly any
// moment all places have one.
func TestReloadOfFleeting(t *testing.T) {
	p := start(t, Spec{Worker: kind("old"), Size: Size{Min: 4}, Recycle: Recycle{Uses: 1}})
	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for ctx.Err() == nil {
				if err := p.Call(t.Context(), "pid", nil, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		if err := p.Reload(t.Context(), kind("new")); err != nil {
			t.Error(err)
		}
	}
	if got, err := exchange.Call[string](t.Context(), p, "arg", nil); got != "new" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	stop()
	callers.Wait()
}
