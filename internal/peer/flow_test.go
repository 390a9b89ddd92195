package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// Whoever calls goes on as soon as what he waits for is there. In a bubble no time passes
// while somebody can go on, so a read role that got lost, or a write that nobody makes, until
// the watch or the end of a reader's wait repairs it, is time that passes.

// lastReader is what it takes, once, until a task reads on the side whose callers are done first.
const lastReader = (idleTicks + 1) * watchTick

// TestNothingWaits: callers with quick handlers need no time at all, however many they are,
// on 1, 2 and 8 processors.
func TestNothingWaits(t *testing.T) {
	calls := 8000
	if raceEnabled || testing.Short() {
		calls = 1500
	}
	for _, procs := range []int{1, 2, 8} {
		for _, callers := range []int{1, 2, 3, 64, 500} {
			for _, terms := range []Terms{{}, {Concurrency: 40}} {
				t.Run(fmt.Sprintf("%d callers, %d processors, concurrency %d", callers, procs, terms.Concurrency), func(t *testing.T) {
					ofParent := setup{handlers: standard, theirs: terms}
					ofChild := setup{handlers: standard, ours: terms}
					inBubbleOver(t, directly, procs, ofParent, ofChild, func(t *testing.T, parent, child *Peer) {
						takes(t, "all", 0, func() { closedLoop(t, callers, calls, parent) })
						takesAtMost(t, "all, both ways", lastReader, func() { closedLoop(t, callers, calls/4, parent, child) })
					})
				})
			}
		}
	}
}

// closedLoop makes so many calls of each peer, by so many callers.
func closedLoop(t *testing.T, callers, calls int, peers ...*Peer) {
	t.Helper()
	var all sync.WaitGroup
	for i := range callers {
		for _, p := range peers {
			all.Go(func() {
				in := pattern(30+i, byte(i))
				var out []byte
				for range max(1, calls/callers) {
					if err := p.Call(context.Background(), "func", in, &out); err != nil || !bytes.Equal(in, out) {
						t.Errorf("the %v's caller %d: %d bytes of %d, %v", p.side, i, len(out), len(in), err)
						return
					}
				}
			})
		}
	}
	all.Wait()
}

// TestNothingWaitsForLargeValues: nor do callers whose values do not fit the link.
func TestNothingWaitsForLargeValues(t *testing.T) {
	inBubble(t, setup{handlers: standard}, setup{handlers: standard}, func(t *testing.T, parent, child *Peer) {
		takesAtMost(t, "all", lastReader, func() {
			var all sync.WaitGroup
			for i, size := range []int{copyLimit, copyLimit + 1, 16 << 10, 64 << 10, 300 << 10, 1 << 20} {
				for _, p := range []*Peer{parent, child} {
					all.Go(func() {
						in := pattern(size, byte(i))
						var out []byte
						for range 30 {
							if err := p.Call(t.Context(), "func", in, &out); err != nil || !bytes.Equal(in, out) {
								t.Errorf("the %v's call of %d bytes: %d bytes, %v", p.side, size, len(out), err)
								return
							}
						}
					})
				}
			}
			all.Wait()
		})
	})
}

// TestNothingWaitsForStreams: nor do streams, while others call.
func TestNothingWaitsForStreams(t *testing.T) {
	inBubble(t, setup{handlers: standard}, setup{handlers: standard}, func(t *testing.T, parent, child *Peer) {
		takesAtMost(t, "all", lastReader, func() {
			var all sync.WaitGroup
			for _, p := range []*Peer{parent, child} {
				for i, size := range []int{1, 3000, 20_000, 100_000} {
					all.Go(func() {
						x, err := p.Open(t.Context(), "echo", exchange.None)
						if err != nil {
							t.Error(err)
							return
						}
						all.Go(func() { // faster than the echo
							for part := range 50 {
								if err := x.Send(pattern(size, byte(i+part))); err != nil {
									t.Error(err)
								}
							}
							x.CloseSend()
						})
						part := 0
						for v, err := range exchange.Values[[]byte](x) {
							if err != nil || !bytes.Equal(v, pattern(size, byte(i+part))) {
								t.Errorf("the %v's stream of %d bytes, part %d: %d bytes, %v", p.side, size, part, len(v), err)
							}
							part++
						}
						if part != 50 {
							t.Errorf("%d parts of 50 come back", part)
						}
					})
					all.Go(func() { // one value at a time
						x, err := p.Open(t.Context(), "echo", exchange.None)
						if err != nil {
							t.Error(err)
							return
						}
						defer x.Close()
						for part := range 50 {
							if err := x.Send(pattern(size, byte(part))); err != nil {
								t.Error(err)
							}
							v, err := x.Recv()
							if b, _ := v.Bin(); err != nil || !bytes.Equal(b, pattern(size, byte(part))) {
								t.Errorf("part %d: %d bytes, %v", part, len(v), err)
							}
						}
					})
				}
			}
			closedLoop(t, 3, 300, parent, child)
			all.Wait()
		})
	})
}

// TestNothingWaitsBehindTheDead: a caller who was the reader gives up, and leaves when
// something comes that is nobody's. One more waits for his place, and gets it as soon as the
// other side has ended the exchange.
func TestNothingWaitsBehindTheDead(t *testing.T) {
	const pause = time.Millisecond
	terms := Terms{Concurrency: 1}
	inBubble(t, setup{theirs: terms}, setup{ours: terms, handlers: standard}, func(t *testing.T, parent, child *Peer) {
		neverInline(child, "hang")
		for range 20 {
			freeRole(t, parent, func() { parent.Call(t.Context(), "func", 1, nil) })
			takes(t, "all", pause, func() {
				ctx, cancel := context.WithCancel(t.Context())
				hung := background[any](ctx, parent, "hang", nil)
				settle()
				queued := background[int](t.Context(), parent, "func", 7)
				settle()
				cancel()
				time.Sleep(pause)
				child.Send(wire.Pong{})
				<-hung
				if o := <-queued; o.value != 7 || o.err != nil {
					t.Fatal(o)
				}
			})
			time.Sleep(50 * time.Millisecond)
		}
	})
}

// TestDeadlinesAreReadFor: a caller whose deadline is too near for it to read itself gets its
// answer when it comes, although nobody else waits any more.
func TestDeadlinesAreReadFor(t *testing.T) {
	const first, second = 500 * time.Microsecond, 600 * time.Microsecond
	inBubble(t, setup{}, setup{handlers: sleepers()}, func(t *testing.T, parent, child *Peer) {
		for range 20 {
			freeRole(t, parent, func() { parent.Call(t.Context(), "sleep", 0, nil) })
			var all sync.WaitGroup
			all.Go(func() {
				takes(t, "a call without a deadline", first, func() { parent.Call(t.Context(), "sleep", first, nil) })
			})
			settle()
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), longestWait-time.Millisecond)
				defer cancel()
				takes(t, "a call with a deadline", second, func() {
					if err := parent.Call(ctx, "sleep", second, nil); err != nil {
						t.Error(err)
					}
				})
			})
			all.Wait()
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// sleepers is a method that sleeps for as long as it is told.
func sleepers() exchange.Handlers {
	return exchange.Handlers{"sleep": exchange.Func(func(_ context.Context, d time.Duration) (time.Duration, error) {
		time.Sleep(d)
		return d, nil
	})}
}

// neverInline makes a method one that never counts as quick: in a bubble all are that do not
// sleep.
func neverInline(p *Peer, method string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.methods[method].trial = 1 << 30
}

// freeRole makes quick calls until their callers read for themselves.
func freeRole(t *testing.T, p *Peer, call func()) {
	t.Helper()
	for range 10 {
		call()
		p.mu.Lock()
		free := p.role == roleFree
		p.mu.Unlock()
		if free {
			return
		}
	}
	t.Fatal("the callers of quick calls do not read for themselves")
}

// learn makes a method quick in the eyes of its peer.
func learn(t *testing.T, p, of *Peer, method string, in any) {
	t.Helper()
	of.mu.Lock()
	m := of.methods[method]
	m.trial = firstTrial
	of.mu.Unlock()
	for range 100 { // a run may be slow for other reasons
		for range firstTrial {
			if err := p.Call(context.Background(), method, in, nil); err != nil {
				t.Fatal(err)
			}
		}
		of.mu.Lock()
		quick := m.inline
		of.mu.Unlock()
		if quick {
			return
		}
	}
	t.Fatalf("%q does not come to count as quick", method)
}

// TestSlowInlineHandlers: a closed loop of handlers that turn out to be slow while the reader
// runs them. One that is left alone, by the watch or because it waits for the link itself, has
// read frames that whoever reads next must not leave lying. Every call takes what its own
// handler takes, and the others at most until the watch has looked twice.
func TestSlowInlineHandlers(t *testing.T) {
	for _, callers := range []int{1, 2, 3, 30} {
		t.Run(fmt.Sprint(callers), func(t *testing.T) {
			inBubble(t, setup{}, setup{handlers: sleepers()}, func(t *testing.T, parent, child *Peer) {
				for _, d := range []time.Duration{
					10 * time.Microsecond, 100 * time.Microsecond, 900 * time.Microsecond, 1500 * time.Microsecond,
					3 * time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond,
				} {
					for range 3 {
						learn(t, parent, child, "sleep", 0)
						var all sync.WaitGroup
						for i := range callers {
							all.Go(func() {
								from := time.Now()
								got, err := exchange.Call[time.Duration](t.Context(), parent, "sleep", d)
								if err != nil || got != d {
									t.Error(got, err)
								}
								if most := d + heldUp(d, callers); got == d && time.Since(from) > most {
									t.Errorf("caller %d of %d: a handler of %v takes %v; want at most %v", i, callers, d, time.Since(from), most)
								}
							})
						}
						all.Wait()
					}
				}
			})
		})
	}
}

// heldUp is for how long handlers of that length, which count as quick, may hold up one that
// came with them. Soon the method does not count as quick any more.
func heldUp(d time.Duration, callers int) time.Duration {
	switch {
	case callers == 1:
		return 0
	case d <= quickRun:
		return d * time.Duration(callers-1)
	}
	return min(strikes*d, 2*watchTick)
}

// TestRoleIsPassedOn: several callers wait. Whoever reads has its own answer first, then the
// next one reads, and so on, also if a task read in between because nothing came for long.
func TestRoleIsPassedOn(t *testing.T) {
	inBubble(t, setup{}, setup{handlers: sleepers()}, func(t *testing.T, parent, child *Peer) {
		var all sync.WaitGroup
		for i := range 50 {
			d := time.Duration(i*i) * 20 * time.Microsecond // up to 48 ms, with gaps up to 2 ms
			all.Go(func() {
				takes(t, "a call of many", d, func() {
					if _, err := exchange.Call[time.Duration](t.Context(), parent, "sleep", d); err != nil {
						t.Error(err)
					}
				})
			})
		}
		all.Wait()
	})
}

// TestLeftoversOfOneRead: all answers come in one read, but the reader is done with the first
// of them. Those behind it are dealt with, although nothing more ever comes: also the half
// of one whose rest comes later.
func TestLeftoversOfOneRead(t *testing.T) {
	inBubbleRaw(t, func(t *testing.T, p *Peer, conn *fakeDirect) {
		for round := range 20 {
			first := uint64(1 + 40*round)
			var calls []<-chan outcome[int]
			var b []byte
			for i := range 20 {
				calls = append(calls, background[int](t.Context(), p, "m", nil))
				settle() // so that they are sent in order
				b = output(first+uint64(2*i), end, i).Append(b)
			}
			if round%2 == 1 {
				time.Sleep(50 * time.Millisecond) // by now a task reads
			}
			cut := len(b)
			if round%4 > 1 {
				cut -= 3
			}
			takes(t, "all answers at once", 0, func() {
				conn.TryWrite([][]byte{b[:cut]})
				settle()
				conn.TryWrite([][]byte{b[cut:]})
				for i, call := range calls {
					if o := <-call; o.value != i || o.err != nil {
						t.Errorf("call %d: %v", i, o)
					}
				}
			})
		}
	})
}

// TestInlineHandlerFindsWhatHasBeenRead: a handler that the reader runs waits for a value that
// was read together with the one before. Nothing more ever comes.
func TestInlineHandlerFindsWhatHasBeenRead(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	inBubbleRawWith(t, s, func(t *testing.T, p *Peer, conn *fakeDirect) {
		in := wire.NewReader(conn)
		want := func(m message) {
			t.Helper()
			body, _, err := in.Next()
			if err != nil || !bytes.Equal(body, m.Append(nil)[4:]) {
				t.Fatalf("%v, %v; want %v", show(body), err, show(m.Append(nil)[4:]))
			}
		}
		id := uint64(1)
		for ; !p.methods["echo"].inline; id += 2 {
			writeAll(conn, opening(id, end, "echo", 1).Append(nil))
			want(output(id, 0, 1))
			want(output(id, end|empty, nil))
		}
		takes(t, "all", 0, func() {
			b := opening(id, 0, "echo", 1).Append(nil)
			b = more(id, 0, 2).Append(b)
			writeAll(conn, more(id, 0, 3).Append(b))
			want(output(id, 0, 1))
			want(output(id, 0, 2))
			want(output(id, 0, 3))
			writeAll(conn, more(id, end, 4).Append(nil))
			want(output(id, 0, 4))
			want(output(id, end|empty, nil))
		})
	})
}

// TestPromotedReader: whoever is given the read role by another has promised to write what is
// queued. From then on others write again, and if its context ends at that moment, it passes
// the role on.
func TestPromotedReader(t *testing.T) {
	for _, ends := range []bool{false, true} {
		for _, procs := range []int{1, 8} {
			inBubbleRaw(t, func(t *testing.T, p *Peer, conn *fakeDirect) {
				r := rawCalls{t, p, conn, wire.NewReader(conn)}
				r.freeRole()
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				for range 100 {
					ctx, cancel := context.WithCancel(t.Context())
					first, leads := r.call(t.Context(), nil)
					second, follows := r.call(ctx, nil)
					takes(t, "all", 0, func() {
						if ends {
							cancel()
						}
						r.answer(first)
						<-leads
						if ends {
							<-follows
							if _, _, err := r.in.Next(); err != nil { // the Cancel
								t.Fatal(err)
							}
						} else {
							settle() // the second is in the midst of its read
						}
						third, called := r.call(t.Context(), nil)
						r.answer(second)
						r.answer(third)
						if err := <-called; err != nil {
							t.Error(err)
						}
					})
					cancel()
				}
			})
		}
	}
}

// TestSendBesideInlineRecv: a handler that the reader runs waits for the next value, and with
// that reads for itself. What another goroutine of the same handler sends meanwhile goes out.
func TestSendBesideInlineRecv(t *testing.T) {
	const pause = 10 * time.Microsecond
	s := setup{handlers: exchange.Handlers{"m": func(_ context.Context, r exchange.Request) error {
		v, err := r.Recv()
		if err != nil {
			return err
		}
		var long int
		if err := v.Decode(&long); err != nil || long == 0 {
			return nil
		}
		sent := make(chan error)
		go func() {
			time.Sleep(pause) // until the other is at it
			sent <- r.Send("ready")
		}()
		_, err = r.Recv()
		return errors.Join(err, <-sent)
	}}}
	inBubble(t, setup{}, s, func(t *testing.T, parent, child *Peer) {
		for range 20 {
			learn(t, parent, child, "m", 0)
			takes(t, "the value of another goroutine", pause, func() {
				x, err := parent.Open(t.Context(), "m", 1)
				if err != nil {
					t.Fatal(err)
				}
				defer x.Close()
				if _, err := x.Recv(); err != nil {
					t.Fatal(err)
				}
				if err := x.Send("go on"); err != nil {
					t.Fatal(err)
				}
				x.Recv()
			})
		}
	})
}

// TestSlowGoexit: the answer of a handler goes out that ends its goroutine, also after the
// watch has taken the read role from it.
func TestSlowGoexit(t *testing.T) {
	s := setup{handlers: exchange.Handlers{"m": func(_ context.Context, r exchange.Request) error {
		var d time.Duration
		v, err := r.Recv()
		if err != nil {
			return err
		}
		if err := v.Decode(&d); err != nil || d == 0 {
			return err
		}
		time.Sleep(d)
		runtime.Goexit()
		return nil
	}}}
	inBubble(t, setup{}, s, func(t *testing.T, parent, child *Peer) {
		for _, d := range []time.Duration{time.Microsecond, 500 * time.Microsecond, 20 * time.Millisecond} {
			learn(t, parent, child, "m", 0)
			takes(t, "a handler that ends its goroutine", d, func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				wantCode(t, parent.Call(ctx, "m", d, nil), wire.CodePanicked)
			})
		}
	})
}

// TestCallsBesideTheOthersCalls: the worker calls its host now and then, from outside of any
// call. The host's own calls are answered at once all the same.
func TestCallsBesideTheOthersCalls(t *testing.T) {
	inBubble(t, setup{handlers: standard}, setup{handlers: standard}, func(t *testing.T, parent, child *Peer) {
		for _, p := range []*Peer{parent, child} {
			other := parent
			if p == parent {
				other = child
			}
			stop := make(chan struct{})
			var all sync.WaitGroup
			all.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(3 * time.Millisecond):
					}
					if _, err := exchange.Call[int](t.Context(), other, "func", 1); err != nil {
						t.Error(err)
					}
				}
			})
			takes(t, "all", 1000*70*time.Microsecond, func() {
				for range 1000 {
					if _, err := exchange.Call[int](t.Context(), p, "func", 1); err != nil {
						t.Error(err)
					}
					time.Sleep(70 * time.Microsecond)
				}
			})
			close(stop)
			all.Wait()
		}
	})
}

// TestNothingWaitsInBadWeather: nor do callers with deadlines near and far, on links that take
// a few bytes at a time, with little credit, few places, and calls back.
func TestNothingWaitsInBadWeather(t *testing.T) {
	rounds := 30
	if raceEnabled || testing.Short() {
		rounds = 3
	}
	handlers := exchange.Handlers{
		"func": standard["func"], "echo": standard["echo"],
		"back": func(ctx context.Context, r exchange.Request) error {
			v, err := r.Recv()
			if err != nil {
				return err
			}
			var out wire.Payload
			if err := self(ctx).Call(ctx, "func", v, &out); err != nil {
				return err
			}
			return r.Reply(out)
		},
	}
	for _, l := range []struct{ room, piece int }{{fakeSize, 0}, {64 << 10, 3000}, {1000, 1000}, {100, 7}} {
		for _, terms := range []Terms{{}, {Window: 1000}, {Concurrency: 3}, {Window: 1}} {
			for _, callers := range []int{1, 2, 5, 40} {
				t.Run(fmt.Sprint(l, terms, callers), func(t *testing.T) {
					random := newRandom(t)
					s := setup{handlers: handlers, ours: terms, theirs: terms}
					inBubbleOver(t, narrow(l.room, l.piece), []int{8, 2}[callers%2], s, s, func(t *testing.T, parent, child *Peer) {
						neverInline(child, "echo")
						takes(t, "all", 0, func() {
							var all sync.WaitGroup
							for range callers {
								random := rand.New(rand.NewPCG(random.Uint64(), 0))
								all.Go(func() {
									for range max(1, rounds/callers) {
										if err := fairWeather(parent, random); err != nil {
											t.Error(err)
											return
										}
									}
								})
							}
							all.Wait()
						})
					})
				})
			}
		}
	}
}

// fairWeather makes a call that must succeed.
func fairWeather(p *Peer, random *rand.Rand) error {
	ctx := context.Background()
	if random.IntN(2) == 0 {
		var cancel func()
		limit := []time.Duration{time.Millisecond, longestWait - 1, longestWait, longestWait + time.Millisecond, time.Hour}[random.IntN(5)]
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	in := piece(random, []int{8, 104, 1000, copyLimit + 8, 20_000, 70_000}[random.IntN(6)])
	if random.IntN(4) == 0 {
		x, err := p.Open(ctx, "echo", in)
		if err != nil {
			return err
		}
		defer x.Close()
		for range random.IntN(4) {
			v, err := x.Recv()
			if err != nil {
				return err
			}
			b, _ := v.Bin()
			if err := wholePiece(in, b); err != nil {
				return err
			}
			in = piece(random, 8*random.IntN(300))
			if err := x.Send(in); err != nil {
				return err
			}
		}
		return nil
	}
	var out []byte
	if err := p.Call(ctx, []string{"func", "back"}[random.IntN(2)], in, &out); err != nil {
		return err
	}
	return wholePiece(in, out)
}

// TestSentWhileATaskWrites: who waits for a write that a task makes does not wait for something
// to read.
func TestSentWhileATaskWrites(t *testing.T) {
	inBubbleRawWith(t, setup{theirs: Terms{Window: 1 << 20}}, func(t *testing.T, p *Peer, conn *fakeDirect) {
		r := rawCalls{t, p, conn, wire.NewReader(conn)}
		conn.in.mu.Lock()
		conn.in.size = 1000
		conn.in.mu.Unlock()
		x, err := p.Open(t.Context(), "m", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		if _, _, err := r.in.Next(); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			r.freeRole()
			takes(t, "a large value behind what a task writes", 0, func() {
				pings := 0
				for full := false; !full; pings++ {
					p.TrySend(wire.Ping{})
					p.mu.Lock()
					full = p.out.attended
					p.mu.Unlock()
				}
				sent := make(chan error, 1)
				go func() { sent <- x.Send(block[:20_000]) }()
				settle()
				for range pings + 1 {
					if _, _, err := r.in.Next(); err != nil {
						t.Fatal(err)
					}
				}
				if err := <-sent; err != nil {
					t.Error(err)
				}
			})
		}
	})
}
