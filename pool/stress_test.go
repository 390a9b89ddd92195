//go:build unix

package pool

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// TestKilledUnderLoad kills workers at random moments, with 1, 64 and 1,000 calls in flight:
// every call ends once, none is begun twice, and one that says that it was not sent was not
// begun. KINWIRE_SOAK=1 makes it long.
func TestKilledUnderLoad(t *testing.T) {
	rounds := 3
	if os.Getenv("KINWIRE_SOAK") == "1" {
		rounds = 200
	}
	p := start(t, Spec{
		Worker: program("worker"), Size: Size{Min: 3}, PerWorker: 400,
		Restart: Restart{Min: -1, Failures: -1}, Queue: Queue{Timeout: -1},
	})
	watchSums(t, p)
	succeeded := 0
	for round := range rounds {
		for _, inFlight := range []int{1, 64, 1000} {
			succeeded += killUnderLoad(t, p, inFlight, round)
		}
	}
	if succeeded < 100*rounds {
		t.Errorf("%d calls have succeeded", succeeded)
	}
	eventually(t, "all are back", func() bool { s := p.Stats(); return s.Workers == 3 && s.InFlight == 0 && s.Waiting == 0 })
}

// watchSums holds, until the test ends, that the starts of workers are accounted for in every
// snapshot.
func watchSums(t *testing.T, p *Pool) {
	ctx, cancel := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	watch.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(100 * time.Microsecond) {
			wantSums(t, p.Stats())
		}
	})
	t.Cleanup(func() { cancel(); watch.Wait(); wantSums(t, p.Stats()) })
}

func wantSums(t testing.TB, s Stats) {
	t.Helper()
	sum := s.StartsFailed + s.StartsGivenUp + s.Ended
	for _, n := range []int{s.Starting, s.Workers, s.Spares, s.Draining} {
		if n < 0 {
			t.Errorf("less than none: %+v", s)
		}
		sum += uint64(n)
	}
	if s.Starts != sum || s.Died > s.Ended {
		t.Errorf("%d starts, of which %d are accounted for: %+v", s.Starts, sum, s)
	}
}

// wantOver holds what a pool tells that has been shut down.
func wantOver(t testing.TB, p *Pool) {
	t.Helper()
	s := p.Stats()
	wantSums(t, s)
	if s.Workers+s.Spares+s.Starting+s.Draining+s.InFlight+s.Waiting+s.Sessions != 0 {
		t.Errorf("it is over: %+v", s)
	}
	for _, slot := range p.Slots() {
		if slot.State != SlotStopped || slot.PID != 0 || slot.Draining != 0 || !slot.RetryAt.IsZero() {
			t.Errorf("it is over: %+v", slot)
		}
	}
}

// killUnderLoad returns how many calls have succeeded.
func killUnderLoad(t *testing.T, p *Pool, inFlight, round int) int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "begun")
	var next, succeeded, died, unsent atomic.Int64
	var callers sync.WaitGroup
	for range inFlight {
		callers.Go(func() {
			for range 1 + 1000/inFlight/5 {
				id := int(next.Add(1))
				got, err := exchange.Call[int](t.Context(), p, "work", job{ID: id, File: file, MS: rand.IntN(3)})
				var exit *process.ExitError
				switch {
				case err == nil && got == id:
					succeeded.Add(1)
				case errors.Is(err, wire.ErrNotSent):
					unsent.Add(1)
				case errors.As(err, &exit) && exit.Exit.Signal == syscall.SIGKILL && exit.Sent:
					died.Add(1)
				default:
					t.Errorf("call %d: %d, %v", id, got, err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { callers.Wait(); close(ended) }()
	for kills := 0; kills < 3; kills++ {
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		for _, s := range p.Slots() {
			if s.PID != 0 && rand.IntN(2) == 0 {
				syscall.Kill(s.PID, syscall.SIGKILL)
			}
		}
	}
	received(t, "the end of all calls", ended)
	t.Logf("round %d, %d in flight: %d succeeded, %d died with their workers, %d were not sent",
		round, inFlight, succeeded.Load(), died.Load(), unsent.Load())
	if succeeded.Load() > 0 { // else nobody may have begun
		wantBegunOnce(t, file, int(succeeded.Load()), int(succeeded.Load()+died.Load()))
	}
	return int(succeeded.Load())
}

// TestOneBadWorker has a worker that is killed over and over: the others are none the worse.
func TestOneBadWorker(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 3}})
	ctx, cancel := context.WithCancel(t.Context())
	var killer sync.WaitGroup
	killer.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
			if s := p.Slots()[2]; s.PID != 0 {
				syscall.Kill(s.PID, syscall.SIGKILL)
			}
		}
	})
	eventually(t, "the breaker of its place is open", func() bool { pid(t, p); return p.Slots()[2].BreakerOpen })
	for range 100 {
		pid(t, p)
	}
	cancel()
	killer.Wait()
	for _, s := range p.Slots()[:2] {
		if s.State != SlotReady || s.BreakerOpen || s.Starts != 1 {
			t.Errorf("%+v", s)
		}
	}
	if s := p.Slots()[2]; s.Starts != 5 {
		t.Errorf("%d starts", s.Starts)
	}
}

// TestTerminatedUnderLoad sends SIGTERM to workers at random moments, as a stranger: they ask
// to be replaced, and no call is the worse for it.
func TestTerminatedUnderLoad(t *testing.T) {
	p := start(t, Spec{
		Worker: program("worker"), Size: Size{Min: 3}, PerWorker: 8,
		Restart: Restart{Min: -1, Failures: -1}, Queue: Queue{Timeout: -1},
	})
	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				got, err := exchange.Call[int](t.Context(), p, "", i)
				if errors.Is(err, wire.ErrNotSent) {
					continue // three workers in a row have left before it
				}
				if err != nil || got != i {
					t.Errorf("call %d: %d, %v", i, got, err)
				}
			}
		})
	}
	for range 20 {
		s := p.Slots()[rand.IntN(3)]
		if s.PID != 0 {
			syscall.Kill(s.PID, syscall.SIGTERM)
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	callers.Wait()
	if s := p.Stats(); s.Died > 0 {
		t.Errorf("%+v", s)
	}
}
