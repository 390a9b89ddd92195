package peer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// within fails the test, and tells what all goroutines do, if f has not returned by then. No
// test should come near the limit: it stands for ever.
func within(t *testing.T, limit time.Duration, peers []*Peer, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return
	case <-time.After(limit):
	}
	for i, p := range peers {
		p.mu.Lock()
		if n := len(p.table); n > 0 {
			t.Errorf("link %d, the %v: %d exchanges are open; role %d, turn %d, watching %v, promised %v, full %v, attended %v, nothing to write %v",
				i/2, p.side, n, p.role, p.turn, p.watch.on, p.promised, p.out.full, p.out.attended, p.out.nothingLocked())
		}
		p.mu.Unlock()
	}
	buf := make([]byte, 1<<20)
	t.Errorf("it does not end; the goroutines:\n%s", buf[:runtime.Stack(buf, true)])
	for _, p := range peers {
		p.Close()
	}
	<-done
}

// stopWatch makes a peer one without the watch.
func stopWatch(p *Peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watch.timer.Stop()
	p.watch.on = true
}

// TestWithoutTheWatch: callers with quick handlers never need the watch, over every link.
func TestWithoutTheWatch(t *testing.T) {
	calls := 20_000
	if raceEnabled || testing.Short() {
		calls = 2000
	}
	for name, l := range links {
		for _, callers := range []int{1, 2, 3, 64, 500} {
			t.Run(fmt.Sprintf("%s/%d", name, callers), func(t *testing.T) {
				parent, child := l.peers(t, setup{handlers: standard})
				learn(t, parent, child, "func", 1)
				stopWatch(parent)
				stopWatch(child)
				within(t, time.Minute, []*Peer{parent, child}, func() { closedLoop(t, callers, calls, parent) })
			})
		}
	}
}

// TestManyLinks: threads and processors are shared by all links of a process, and there are
// fewer of them than links. Each call ends all the same.
func TestManyLinks(t *testing.T) {
	many, calls := 64, 80
	if raceEnabled || testing.Short() {
		many, calls = 16, 40
	}
	handlers := sleepers()
	handlers["func"] = standard["func"]
	for name, l := range links {
		for _, procs := range []int{1, 2, 8} {
			t.Run(fmt.Sprintf("%s/%d", name, procs), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				random := newRandom(t)
				var peers []*Peer
				for range many {
					parent, child := l.peers(t, setup{handlers: handlers})
					peers = append(peers, parent, child)
				}
				within(t, time.Minute, peers, func() {
					var all sync.WaitGroup
					for i, p := range peers {
						for range 1 + (i+1)%2*2 { // parents have more callers
							random := rand.New(rand.NewPCG(random.Uint64(), 0))
							all.Go(func() {
								for range calls {
									if err := someCall(p, random); err != nil {
										t.Errorf("link %d, the %v: %v", i/2, p.side, err)
										return
									}
								}
							})
						}
					}
					all.Wait()
				})
				for _, p := range peers {
					checkIdle(t, p)
				}
				if n := threads.waiting.Load(); n < 0 || n > int32(procs) {
					t.Errorf("%d goroutines count as waiting on their threads", n)
				}
			})
		}
	}
}

func someCall(p *Peer, random *rand.Rand) error {
	if random.IntN(50) == 0 {
		d := time.Duration(random.IntN(2000)) * time.Microsecond
		return p.Call(context.Background(), "sleep", d, nil)
	}
	in := piece(random, 8*random.IntN(300))
	if random.IntN(30) == 0 {
		in = piece(random, 8*random.IntN(5000))
	}
	var out []byte
	if err := p.Call(context.Background(), "func", in, &out); err != nil {
		return err
	}
	return wholePiece(in, out)
}

// TestSlowMethodsAreNotInline: 64 callers of a handler that takes half a millisecond proceed
// side by side, also if it has counted as quick before; pings among them are answered at once,
// or if the reader runs the handler, when the watch has looked twice.
func TestSlowMethodsAreNotInline(t *testing.T) {
	const (
		callers = 64
		calls   = 40
		slow    = 500 * time.Microsecond
	)
	var child *Peer
	pongs := make(chan uint64, 1)
	ofParent := setup{control: func(m wire.Message) error {
		v, err := m.Pong()
		pongs <- v.Seq
		return err
	}}
	ofChild := setup{handlers: sleepers(), control: func(m wire.Message) error {
		v, err := m.Ping()
		child.Send(wire.Pong{Seq: v.Seq})
		return err
	}}
	for _, learnt := range []bool{false, true} {
		pongs = make(chan uint64, 1)
		inBubble(t, ofParent, ofChild, func(t *testing.T, parent, c *Peer) {
			child = c
			pongs = make(chan uint64, 1)
			var held time.Duration // what a wrong guess may cost
			if learnt {
				learn(t, parent, child, "sleep", 0)
				held = 2 * watchTick
			}
			var done atomic.Bool
			var pinger, all sync.WaitGroup
			pinger.Go(func() {
				var late time.Duration
				for seq := uint64(0); !done.Load(); seq++ {
					from := time.Now()
					parent.Send(wire.Ping{Seq: seq})
					if got := <-pongs; got != seq {
						t.Errorf("the ping %d is answered as %d", seq, got)
					}
					late += time.Since(from)
					time.Sleep(100 * time.Microsecond)
				}
				// The role is free for a moment, at the most, when the callers are done.
				if late > held+lastReader {
					t.Errorf("the pings are answered %v late in all", late)
				}
			})
			from := time.Now()
			for range callers {
				all.Go(func() {
					for range calls {
						if _, err := exchange.Call[time.Duration](t.Context(), parent, "sleep", slow); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if d, most := time.Since(from), calls*slow+held; d > most {
				t.Errorf("%d calls by each of %d callers take %v; want at most %v", calls, callers, d, most)
			}
			done.Store(true)
			pinger.Wait()
		})
	}
}
