package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// everyLink are all links, and the one that is made for tests.
func everyLink() map[string]link {
	all := map[string]link{"direct": directly}
	for name, l := range links {
		all[name] = l
	}
	return all
}

// canary is what a caller writes to its memory once it is its own again.
var canary = bytes.Repeat([]byte{0xEE}, 1<<20)

func allCanary(b []byte) bool { return bytes.Equal(b, canary[:len(b)]) }

func fillCanary(b []byte) { copy(b, canary) }

// givesBlock answers with so many bytes of the block.
var givesBlock = exchange.Handlers{"block": exchange.Func(func(_ context.Context, n int) ([]byte, error) {
	return block[:n], nil
})}

// TestResultBufferIsTheCallersAgain: nobody writes into it once Call has returned, however it
// has ended: with an answer, or cancelled in the midst of one.
func TestResultBufferIsTheCallersAgain(t *testing.T) {
	rounds := 300
	if raceEnabled || testing.Short() {
		rounds = 60
	}
	for name, l := range everyLink() {
		t.Run(name, func(t *testing.T) {
			random := newRandom(t)
			parent, _ := l.peers(t, setup{handlers: givesBlock})
			var all sync.WaitGroup
			var succeeded atomic.Int32
			for range 3 {
				random := rand.New(rand.NewPCG(random.Uint64(), 0))
				all.Go(func() {
					buf := make([]byte, 1<<20)
					for range rounds {
						ctx, cancel := context.WithCancel(context.Background())
						timer := time.AfterFunc(time.Duration(random.IntN(700))*time.Microsecond, cancel)
						size := []int{8, 5000, 20_000, 100_000, 1 << 20}[random.IntN(5)]
						out := buf[:0]
						err := parent.Call(ctx, "block", size, &out)
						switch {
						case err == nil:
							succeeded.Add(1)
							if err := wholePiece(block[:size], out); err != nil {
								t.Error(err)
							}
							if &out[0] != &buf[0] {
								t.Errorf("an answer of %d bytes is not where it was wanted", size)
							}
						case ctx.Err() == nil:
							t.Error(err)
						}
						fillCanary(buf)
						timer.Stop()
						cancel()
						for range random.IntN(3) { // the rest of the answer arrives meanwhile
							if err := parent.Call(context.Background(), "block", 100, nil); err != nil {
								t.Error(err)
							}
						}
						if !allCanary(buf) {
							t.Fatalf("an answer of %d bytes is written to memory that is the caller's again (%v)", size, err)
						}
					}
				})
			}
			all.Wait()
			t.Logf("%d of %d calls succeed", succeeded.Load(), 3*rounds)
			eventually(t, func() bool { return settled(parent) })
			checkIdle(t, parent)
		})
	}
}

// TestResultBufferOfLostLink: the same for a link that ends in the midst of the answer.
func TestResultBufferOfLostLink(t *testing.T) {
	rounds := 40
	if raceEnabled || testing.Short() {
		rounds = 10
	}
	for name, l := range everyLink() {
		t.Run(name, func(t *testing.T) {
			random := newRandom(t)
			for round := range rounds {
				// A link per round, whose ends are both closed.
				a, b := l(t)
				s := setup{handlers: givesBlock}
				s.side = wire.Parent
				parent := s.start(a)
				s.side = wire.Child
				child := s.start(b)
				pause := time.Duration(random.IntN(800)) * time.Microsecond
				timer := time.AfterFunc(pause, []func(){parent.Close, child.Close, func() { parent.Retire(io.EOF) }}[round%3])
				var all sync.WaitGroup
				for range 2 {
					all.Go(func() {
						buf := make([]byte, 1<<20)
						for {
							out := buf[:0]
							err := parent.Call(context.Background(), "block", 1<<20, &out)
							if err == nil {
								err = wholePiece(block[:1<<20], out)
							}
							fillCanary(buf)
							var lost *LostError
							if errors.As(err, &lost) {
								break
							}
							if err != nil {
								t.Error(err)
								break
							}
						}
						child.Close()
						<-child.Finished()
						parent.Close()
						<-parent.Finished()
						if !allCanary(buf) {
							t.Error("an answer is written to memory that is the caller's again")
						}
					})
				}
				all.Wait()
				timer.Stop()
				checkOver(t, parent)
				checkOver(t, child)
			}
		})
	}
}

// TestResultAtEveryByte: a call ends, by its context or with its link, when just so much of its
// answer has come. From then on its buffer stays as it is, whatever else comes.
func TestResultAtEveryByte(t *testing.T) {
	const size = 40 << 10
	for _, ends := range []string{"cancel", "close", "retire", "end"} {
		for _, reads := range []string{"it", "another", "a task"} {
			for _, cut := range []int{3, 4, 10, 17, 1000, 1100, 16 << 10, 30_000, 0} {
				inBubbleRaw(t, func(t *testing.T, p *Peer, conn *fakeDirect) {
					r := rawCalls{t, p, conn, wire.NewReader(conn)}
					r.freeRole()
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					var otherID uint64
					var other <-chan error
					var seven int
					if reads == "another" {
						otherID, other = r.call(t.Context(), &seven)
					}
					buf := make([]byte, size)
					out := buf[:0]
					id, called := r.call(ctx, &out)
					done := make(chan error, 1)
					go func() {
						err := <-called
						if err == nil {
							err = wholePiece(block[:size], out)
						}
						fillCanary(buf)
						done <- err
					}()
					if reads != "another" {
						otherID, other = r.call(t.Context(), &seven)
					}
					if reads == "a task" {
						time.Sleep(time.Second) // by now
					}
					answer := output(id, end, block[:size]).Append(nil)
					if cut == 0 {
						cut = len(answer)
					}
					conn.TryWrite([][]byte{answer[:cut/2]})
					settle()
					conn.TryWrite([][]byte{answer[cut/2 : cut]})
					settle()
					switch ends {
					case "cancel":
						cancel()
					case "close":
						p.Close()
					case "retire":
						p.Retire(io.EOF)
					case "end":
						conn.Close()
					}
					err := <-done
					if whole := cut == len(answer); whole != (err == nil) {
						t.Errorf("%s after %d bytes of %d while %s reads: %v", ends, cut, len(answer), reads, err)
					}
					conn.TryWrite([][]byte{answer[cut:], output(otherID, end, 7).Append(nil)})
					settle()
					if !allCanary(buf) {
						t.Errorf("%s after %d bytes of %d while %s reads: the rest comes to memory that is the caller's again", ends, cut, len(answer), reads)
					}
					if err := <-other; ends == "cancel" && (seven != 7 || err != nil) {
						t.Errorf("%s after %d bytes of %d while %s reads: the next answer: %d, %v", ends, cut, len(answer), reads, seven, err)
					}
				})
			}
		}
	}
}

// TestCancelOfTricklingAnswer: who gives up a call while its answer comes, byte by byte, does
// not wait for the rest.
func TestCancelOfTricklingAnswer(t *testing.T) {
	for _, features := range [][]wire.Feature{nil, {wire.FeatureCredit}} { // with and without a Cancel
		cancelOfTricklingAnswer(t, features)
	}
}

func cancelOfTricklingAnswer(t *testing.T, features []wire.Feature) {
	inBubbleRawWith(t, setup{features: features}, func(t *testing.T, p *Peer, conn *fakeDirect) {
		r := rawCalls{t, p, conn, wire.NewReader(conn)}
		r.freeRole()
		otherID, other := r.call(t.Context(), nil) // it reads for both
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		into := make([]byte, 0, 1<<20)
		id, done := r.call(ctx, &into)
		answer := output(id, end, block[:1<<20]).Append(nil)
		conn.TryWrite([][]byte{answer[:32<<10]})
		settle()
		stop := make(chan struct{})
		var writer sync.WaitGroup
		writer.Go(func() {
			for b := answer[32<<10:]; len(b) > 0; b = b[1:] {
				conn.TryWrite([][]byte{b[:1]})
				select {
				case <-time.After(time.Millisecond):
				case <-stop:
					writeAll(conn, b[1:])
					r.answer(otherID)
					return
				}
			}
		})
		time.Sleep(20 * time.Millisecond)
		takesAtMost(t, "the end of a cancelled call", longestWait, func() {
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		close(stop)
		writer.Wait()
		if err := <-other; err != nil {
			t.Errorf("the next answer: %v", err)
		}
	})
}

// TestRequestsOutlived: goroutines that outlive their handler, be they blocked in a verb or
// not, find that the exchange is over, and never get hold of another one that uses its memory
// again.
func TestRequestsOutlived(t *testing.T) {
	var zombies sync.WaitGroup
	var stop atomic.Bool
	var woken atomic.Int32
	check := func(what string, failed bool) {
		if failed {
			t.Errorf("%s of a request whose handler has returned", what)
		}
	}
	// A handler that returns nil still has to send the end of its answer, which waits for credit.
	var returned atomic.Int32
	how := func() error {
		if returned.Add(1)%2 == 0 {
			return errors.New("no more")
		}
		return nil
	}
	outlive := func(ctx context.Context, r exchange.Request) error {
		blocked := make(chan struct{}, 3)
		haunt := func(verb func()) {
			zombies.Go(func() {
				blocked <- struct{}{}
				verb()
				<-ctx.Done()
				for r.Method() != "" { // the handler is about to return
					time.Sleep(100 * time.Microsecond)
				}
				woken.Add(1)
				for !stop.Load() {
					v, err := r.Recv()
					check("Recv", err == nil || errors.Is(err, io.EOF) || len(v) > 0)
					check("Send", r.Send("from the grave") == nil)
					check("Reply", r.Reply("from the grave") == nil)
					check("Method", r.Method() != "")
					check("Meta", len(r.Meta()) > 0)
					check("Err", ctx.Err() == nil)
					check("Cause", context.Cause(ctx) == nil)
					select {
					case <-ctx.Done():
					default:
						check("Done", true)
					}
					check("a call back", self(ctx).Call(ctx, "func", 1, nil) == nil)
					time.Sleep(100 * time.Microsecond)
				}
			})
			<-blocked
		}
		haunt(func() {
			for {
				if _, err := r.Recv(); err != nil {
					return
				}
			}
		})
		haunt(func() {
			for r.Send(block[:20_000]) == nil { // until there is no credit
			}
		})
		haunt(func() { <-ctx.Done() })
		time.Sleep(50 * time.Microsecond)
		return how()
	}
	overLinks(t, setup{handlers: exchange.Handlers{"func": standard["func"], "echo": standard["echo"], "outlive": outlive}}, func(t *testing.T, parent, child *Peer) {
		stop.Store(false)
		woken.Store(0)
		const haunted = 10
		for range haunted {
			x, err := parent.Open(t.Context(), "outlive", 1)
			if err != nil {
				t.Fatal(err)
			}
			// Its credit is used up by what nobody reads.
			time.Sleep(2 * time.Millisecond)
			x.Close()
		}
		eventually(t, func() bool { return woken.Load() == 3*haunted })
		checkSpare(t, child)
		random := newRandom(t)
		var all sync.WaitGroup
		for range 4 {
			random := rand.New(rand.NewPCG(random.Uint64(), 0))
			all.Go(func() {
				for range 300 {
					in := piece(random, 8*random.IntN(2000))
					out, err := exchange.Call[[]byte](t.Context(), parent, "func", in)
					if err != nil {
						t.Error(err)
						return
					}
					if err := wholePiece(in, out); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		stop.Store(true)
		zombies.Wait()
		eventually(t, func() bool { return settled(parent) && settled(child) })
		checkSpare(t, child)
		checkIdle(t, parent)
		checkIdle(t, child)
	})
}

// checkSpare checks that nobody has used an exchange's memory since it was given up.
func checkSpare(t *testing.T, p *Peer) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.spare {
		if x.users != 0 || x.in.wait.busy || x.out.wait.busy || x.in.queue.len() > 0 || x.in.end != nil {
			t.Error("somebody has used what belongs to no exchange")
		}
	}
}

// TestCancelReachesNestedCalls: what a handler calls back with its context ends with it,
// whoever reads meanwhile.
func TestCancelReachesNestedCalls(t *testing.T) {
	for name, l := range map[string]link{"memory": inMemory, "direct": directly} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				nest := exchange.Handlers{
					"call": func(ctx context.Context, r exchange.Request) error {
						err := self(ctx).Call(ctx, "hang", nil, nil)
						ended <- err
						return err
					},
					"send": func(ctx context.Context, r exchange.Request) error {
						x, err := self(ctx).Open(ctx, "hang", nil)
						for err == nil {
							err = x.Send(block[:10_000])
						}
						ended <- err
						return err
					},
				}
				parent, child := l.peersWith(t, setup{handlers: standard}, setup{handlers: nest})
				for method := range nest {
					neverInline(child, method)
					neverInline(parent, "hang")
					for _, wait := range []time.Duration{0, time.Microsecond, time.Second} {
						ctx, cancel := context.WithCancel(t.Context())
						call := background[any](ctx, parent, method, nil)
						settle()
						time.Sleep(wait)
						from := time.Now()
						cancel()
						<-call
						select {
						case err := <-ended:
							if err == nil || time.Since(from) > longestWait {
								t.Errorf("%s: the call back ends after %v: %v", method, time.Since(from), err)
							}
						case <-time.After(time.Minute):
							t.Errorf("%s: the call back goes on", method)
							return
						}
					}
				}
			})
		})
	}
}
