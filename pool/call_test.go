//go:build unix

package pool

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

func TestCall(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 3}})
	if s := p.Stats(); s.Workers != 3 {
		t.Errorf("%d workers", s.Workers)
	}
	if got, err := exchange.Call[string](t.Context(), p, "", "hello"); got != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	// Of workers that are alike the first is chosen, of others the least busy.
	first := pid(t, p)
	if again := pid(t, p); again != first {
		t.Errorf("an idle pool used %d and then %d", first, again)
	}
	release := hold(t, p)
	second := pid(t, p)
	if second == first {
		t.Errorf("the worker %d had a call, and got another one", first)
	}
	release()
	eventually(t, "the first is free again", func() bool { return pid(t, p) == first })

	x, err := p.Open(t.Context(), "count", exchange.Last{Value: 3})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range exchange.Values[int](x) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d values", n)
	}
	if s := p.Stats(); s.InFlight != 0 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// TestExchangesEndByThemselves leaves exchanges alone that the worker has ended: they must
// not keep their places.
func TestExchangesEndByThemselves(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1}})
	var open []exchange.Exchange
	for range 20 {
		x, err := p.Open(t.Context(), "count", exchange.Last{Value: 3})
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, x)
	}
	eventually(t, "nothing is in flight", func() bool { return p.Stats().InFlight == 0 })
	for _, x := range open {
		if v, err := x.Recv(); err != nil || len(v) == 0 {
			t.Errorf("%v, %v", v, err)
		}
	}
	// Those that are closed, or whose contexts end, keep theirs until the worker has ended them.
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := p.Open(ctx, "wait", exchange.Last{}); err != nil {
		t.Fatal(err)
	}
	cancel()
	pid(t, p)
	x, err := p.Open(t.Context(), "wait", exchange.Last{})
	if err != nil {
		t.Fatal(err)
	}
	x.Close()
	pid(t, p)
}

// TestGivenUpCalls gives up calls that the worker goes on with: it is busy until they end.
func TestGivenUpCalls(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 2}})
	first := pid(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- p.Call(ctx, "stubborn", 3000, nil) }()
	eventually(t, "the call is on its way", func() bool { return p.Stats().InFlight == 1 })
	second := pid(t, p)
	cancel()
	if err := received(t, "the caller goes on", failed); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := pid(t, p); got != second || got == first {
		t.Errorf("a call went to %d, which is busy", got)
	}
	eventually(t, "its place is free again", func() bool { return p.Stats().InFlight == 0 })
	if got := pid(t, p); got != first {
		t.Errorf("a call went to %d, and not to %d, which is free", got, first)
	}
}

// TestCrashes has inputs worked on some of which crash their worker: each ends once, and
// none is begun twice.
func TestCrashes(t *testing.T) {
	p := start(t, Spec{
		Worker: program("worker", "1"), Size: Size{Min: 3},
		Restart: Restart{Min: -1, Failures: -1},
	})
	file := filepath.Join(t.TempDir(), "begun")
	var crashed, done atomic.Int64
	var inputs sync.WaitGroup
	for i := range 60 {
		inputs.Go(func() {
			crash := i%10 == 7
			got, err := exchange.Call[int](t.Context(), p, "work", job{ID: i, File: file, Crash: crash})
			var exit *process.ExitError
			switch {
			case crash:
				if !errors.As(err, &exit) || !exit.Sent || exit.Exit.Code != 9 || !strings.Contains(err.Error(), "was too much") {
					t.Errorf("input %d: %v", i, err)
				}
				crashed.Add(1)
			case err != nil || got != i:
				t.Errorf("input %d: %d, %v", i, got, err)
			default:
				done.Add(1)
			}
		})
	}
	inputs.Wait()
	if crashed.Load() != 6 || done.Load() != 54 {
		t.Errorf("%d crashed, and %d did not", crashed.Load(), done.Load())
	}
	wantBegunOnce(t, file, 60, 60)
	eventually(t, "all are back", func() bool { return p.Stats().Workers == 3 })
	if s := p.Stats(); s.Died != 6 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}

// wantBegunOnce fails unless a number of ids was begun with, each of them once.
func wantBegunOnce(t *testing.T, file string, least, most int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		seen[lines.Text()]++
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("input %s was begun %d times", id, times)
		}
	}
	if len(seen) < least || len(seen) > most {
		t.Errorf("%d inputs were begun; want from %d to %d", len(seen), least, most)
	}
}

// TestErrorsOfCalls holds what a caller can tell apart.
func TestErrorsOfCalls(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1}})
	var said *wire.Error
	if err := p.Call(t.Context(), "no", nil, nil); !errors.As(err, &said) || said.Code != "app.no" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Call(ctx, "", nil, nil); !errors.Is(err, context.Canceled) || !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	if err := p.Call(t.Context(), "nosuch", nil, nil); !errors.As(err, &said) || said.Code != wire.CodeUnknownMethod {
		t.Error(err)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := p.Call(t.Context(), "", nil, nil); !errors.As(err, &said) || said.Code != wire.CodeShuttingDown || !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	if _, err := p.Checkout(t.Context()); !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	if err := p.Reload(t.Context(), program("worker")); !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	received(t, "the end", p.Done())
}
