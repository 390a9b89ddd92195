package pool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// TestSoak ends the workers of pools at random, each in another way, while others call them by
// every way that there is. Each call ends once, its side effect comes as often as its end
// allows, and once a pool is shut down the host is as small as after the first one.
// KINWIRE_SOAK=1 makes it 1,000 ends.
func TestSoak(t *testing.T) {
	laps, ends := 3, 10 // of which the first lap only warms up
	if os.Getenv("KINWIRE_SOAK") == "1" {
		laps, ends = 11, 100
	}
	var before size
	for lap := range laps {
		soak(t, ends)
		if t.Failed() {
			return
		}
		if lap == 0 {
			before = measure(t)
		}
		before.check(t)
	}
}

// soak is the life of one pool.
func soak(t *testing.T, ends int) {
	p := start(t, Spec{
		Worker: program("worker", "4"), Size: Size{Min: 3, Max: 5, Spares: 1, Idle: 50 * time.Millisecond},
		Recycle: Recycle{Uses: 300, Age: time.Second},
		Restart: Restart{Min: -1, Failures: -1}, Queue: Queue{Timeout: -1},
	})
	l := &ledger{t: t, file: filepath.Join(t.TempDir(), "effects")}
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for range 12 {
		load.Go(func() {
			for ctx.Err() == nil {
				l.call(p)
			}
		})
	}
	for range ends {
		time.Sleep(time.Duration(rand.IntN(30_000)) * time.Microsecond)
		endSome(t, p)
	}
	stop()
	load.Wait()
	if err := p.Shutdown(t.Context()); err != nil && !errors.As(err, new(*process.ExitError)) { // one may just have been killed
		t.Error(err)
	}
	l.check()
	s := p.Stats()
	t.Logf("%d calls, %d answered; %+v", len(l.outcomes), l.answered, s)
	if s.Workers+s.Spares+s.Starting+s.Draining+s.InFlight+s.Waiting+s.Sessions != 0 || s.Ended+s.StartsFailed > s.Starts {
		t.Errorf("after the end: %+v", s)
	}
}

// endSome ends one worker or several, in one of many ways.
func endSome(t *testing.T, p *Pool) {
	slots := p.Slots()
	pid := slots[rand.IntN(len(slots))].PID
	if pid == 0 {
		return // there is none just now
	}
	switch rand.IntN(6) {
	case 0:
		syscall.Kill(pid, syscall.SIGKILL)
	case 1:
		syscall.Kill(pid, syscall.SIGSTOP)
		time.Sleep(5 * time.Millisecond)
		syscall.Kill(pid, syscall.SIGKILL)
	case 2:
		syscall.Kill(pid, syscall.SIGTERM)
	case 3:
		p.Call(t.Context(), "exit", 17, nil)
	case 4:
		if s, err := p.Checkout(t.Context()); err == nil {
			s.Discard()
		}
	case 5:
		if err := p.Reload(t.Context(), program("worker", "4")); err != nil {
			t.Error(err)
		}
	}
}

// A ledger has the ends of all calls, and the file in which workers leave their side effects.
type ledger struct {
	t    *testing.T
	file string

	mu       sync.Mutex
	outcomes []error // by id
	answered int
}

// call makes a call in one of several ways, and notes how it ends.
func (l *ledger) call(p *Pool) {
	l.mu.Lock()
	id := len(l.outcomes)
	l.outcomes = append(l.outcomes, nil)
	l.mu.Unlock()
	var by exchange.Caller = p
	switch rand.IntN(8) {
	case 0:
		s, err := p.Checkout(l.t.Context())
		if err != nil {
			l.t.Error(err)
			return
		}
		defer s.Release()
		by = s
	case 1, 2:
		by = p.Sticky(fmt.Sprint(rand.IntN(10)))
	}
	got, err := exchange.Call[int](l.t.Context(), by, "work", job{ID: id, File: l.file})
	var exit *process.ExitError
	switch {
	case err == nil && got != id:
		l.t.Errorf("the answer to %d is %d", id, got)
	case err != nil && !errors.Is(err, wire.ErrNotSent) && !(errors.As(err, &exit) && exit.Sent):
		l.t.Errorf("call %d ends with %v", id, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outcomes[id] = err; err == nil {
		l.answered++
	}
}

// check reads which side effects there are.
func (l *ledger) check() {
	l.t.Helper()
	file, err := os.Open(l.file)
	if err != nil {
		l.t.Fatal(err)
	}
	defer file.Close()
	effects := make([]int, len(l.outcomes))
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var id int
		if _, err := fmt.Sscan(lines.Text(), &id); err != nil {
			l.t.Fatal(err)
		}
		effects[id]++
	}
	for id, err := range l.outcomes {
		n := effects[id]
		if n > 1 || err == nil && n == 0 || errors.Is(err, wire.ErrNotSent) && n > 0 {
			l.t.Errorf("call %d has %d side effects, and ended with %v", id, n, err)
		}
	}
}

// size is what a host costs.
type size struct {
	descriptors, goroutines, threads int
	memory                           int64
}

func measure(t *testing.T) size {
	count := func(dir string) int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return size{count("/proc/self/fd"), runtime.NumGoroutine(), count("/proc/self/task"), int64(m.HeapAlloc)}
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
