package parent

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport/stdio"
)

// TestSoak starts workers and ends them at random, each in another way, while others call
// them all the time. Each call ends once, its side effect comes as often as its end allows,
// and when all is over the host is as small as it was. KINWIRE_SOAK=1 makes it 1,000 workers.
func TestSoak(t *testing.T) {
	laps, cycles := 3, 4 // of which the first lap only warms up
	if os.Getenv("KINWIRE_SOAK") == "1" {
		laps, cycles = 10, 34
	}
	const slots, callers = 3, 9
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var before size
	for lap := range laps {
		l := newLedger(t)
		r := rank{slots: make([]slot, slots)}
		ctx, stop := context.WithCancel(t.Context())
		var load, lives sync.WaitGroup
		for i := range r.slots {
			random := rand.New(rand.NewPCG(random.Uint64(), 0))
			lives.Go(func() { r.slots[i].live(t, l, random, cycles) })
		}
		for range callers {
			random := rand.New(rand.NewPCG(random.Uint64(), 0))
			load.Go(func() { l.load(ctx, &r, random) })
		}
		lives.Wait()
		stop()
		load.Wait()
		l.check()
		t.Logf("lap %d: %d workers, %s", lap, slots*cycles, l)
		if t.Failed() {
			return
		}
		if lap == 0 {
			before = measure(t)
		}
		l.outcomes = nil
		before.check(t)
	}
}

// A victim is a worker that can be made to end.
type victim interface {
	exchange.Caller
	PID() int
	Shutdown(context.Context) error
}

// deaths are the ways in which the workers end, and what the report has in it.
var deaths = []struct {
	name   string
	do     func(victim)
	report string
}{
	{"killed", func(v victim) { syscall.Kill(v.PID(), syscall.SIGKILL) }, "killed by SIGKILL (not sent by the host)"},
	{"stopped and killed", func(v victim) {
		syscall.Kill(v.PID(), syscall.SIGSTOP)
		time.Sleep(5 * time.Millisecond)
		syscall.Kill(v.PID(), syscall.SIGKILL)
	}, "killed by SIGKILL (not sent by the host)"},
	{"exit", func(v victim) { v.Call(context.Background(), "exit", 17, nil) }, "exit status 17"},
	{"panic", func(v victim) { v.Call(context.Background(), "crash", nil, nil) }, "exit status 2"},
	{"garbage", func(v victim) { v.Call(context.Background(), "garbage", nil, nil) }, "protocol violation: frame-length"}, // it may see the end of its link first
	{"terminated", func(v victim) { syscall.Kill(v.PID(), syscall.SIGTERM) }, "exit status 0"},
	{"shut down", func(v victim) { v.Shutdown(context.Background()) }, "exit status 0"},
	{"killed by the host", func(v victim) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		v.Shutdown(ctx)
	}, ""}, // it may have been told to end just before, and have gone by itself
}

// A slot is the place of one worker after the other.
type slot struct{ now atomic.Pointer[Worker] }

// live starts so many workers, and sees to the death of each.
func (s *slot) live(t *testing.T, l *ledger, random *rand.Rand, cycles int) {
	for range cycles {
		spec := program("soaked", l.file.Name())
		if random.IntN(2) == 0 {
			spec.Transport = stdio.Transport{}
		}
		w, err := Start(context.Background(), spec)
		if err != nil {
			t.Error(err)
			return
		}
		s.now.Store(w)
		time.Sleep(time.Duration(random.IntN(30_000)) * time.Microsecond)
		death := deaths[random.IntN(len(deaths))]
		death.do(w)
		select {
		case <-w.Done():
		case <-time.After(patience):
			t.Errorf("%s: the worker is still there", death.name)
			w.kill("the test is over")
			return
		}
		if got := w.Exit().String(); !strings.Contains(got, death.report) {
			t.Errorf("%s: %s; want %q in it", death.name, got, death.report)
		}
	}
}

// A rank calls whoever is there.
type rank struct{ slots []slot }

// pick returns a worker that may live.
func (r *rank) pick() *Worker {
	for {
		if w := r.slots[rand.IntN(len(r.slots))].now.Load(); w != nil {
			return w
		}
		time.Sleep(time.Millisecond)
	}
}

func (r *rank) Call(ctx context.Context, method string, in, out any) error {
	return r.pick().Call(ctx, method, in, out)
}

func (r *rank) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	return r.pick().Open(ctx, method, in)
}

// size is what a host costs.
type size struct {
	descriptors, goroutines, threads int
	memory                           int64
}

func measure(t *testing.T) size {
	return size{descriptors(t), runtime.NumGoroutine(), tasks(t), heap()}
}

// check waits until the host is no larger than it was.
func (s size) check(t *testing.T) {
	t.Helper()
	var now size
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(5 * time.Millisecond) {
		now = measure(t)
		// Go keeps threads, and some memory is pooled: both must not grow with the laps.
		if now.descriptors <= s.descriptors && now.goroutines <= s.goroutines && now.threads <= s.threads+5 && now.memory <= s.memory+2<<20 {
			return
		}
	}
	t.Errorf("the host is %+v; it was %+v", now, s)
}
