package peer

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

func TestCancelInFlight(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		ctx, cancel := context.WithCancel(t.Context())
		call := background[int](ctx, p, "m", 1)
		r.want("the call", opening(1, end, "m", 1))
		cancel()
		o := <-call
		if !errors.Is(o.err, context.Canceled) {
			t.Errorf("the call ends with %v", o.err)
		}
		wantSent(t, o.err, true)
		r.want("the other side is told", wire.Cancel{ID: 1, Reason: "context canceled"})
		if n := p.places.taken.n; n != 1 {
			t.Errorf("%d places are taken before the other side has ended the exchange", n)
		}
		r.send(output(1, 0, "late"))
		r.want("what is late is discarded, and granted at once", wire.Credit{ID: 1, Bytes: int64(length(output(1, 0, "late")))})
		r.send(failure(1, wire.CodeCanceled, ""))
		r.quiet("the one end")
		checkIdle(t, p)
	})
}

func TestCancelBeforeAll(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := p.Call(ctx, "m", 1, nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the call ends with %v", err)
		}
		wantSent(t, err, false)
		if _, err := p.Open(ctx, "m", 1); !errors.Is(err, context.Canceled) || !errors.Is(err, wire.ErrNotSent) {
			t.Errorf("Open: %v", err)
		}
		r.quiet("nothing was sent")
		checkIdle(t, p)
	})
}

// TestCancelInTheQueue is about a request that the link has not taken yet.
func TestCancelInTheQueue(t *testing.T) {
	for name, in := range map[string][]byte{"copied": make([]byte, 100), "by reference": make([]byte, 100<<10)} {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
				big := background[[]byte](t.Context(), p, "first", make([]byte, 200<<10)) // fills the link
				settle()
				ctx, cancel := context.WithCancel(t.Context())
				call := background[[]byte](ctx, p, "second", in)
				settle()
				cancel()
				o := <-call
				if !errors.Is(o.err, context.Canceled) {
					t.Errorf("the call ends with %v", o.err)
				}
				wantSent(t, o.err, false)
				r.want("the first call", opening(1, end, "first", make([]byte, 200<<10)))
				r.quiet("the second was never sent")
				r.send(output(1, end, []byte{}))
				if o := <-big; o.err != nil {
					t.Error(o.err)
				}
				third := background[int](t.Context(), p, "third", 1)
				r.want("its id is not used again", opening(5, end, "third", 1))
				r.send(output(5, end, 1))
				<-third
				checkIdle(t, p)
			})
		})
	}
}

// TestCancelHalfSent is about a request of which the link has taken a part: the rest has to
// follow, and must not come from memory that is the caller's again.
func TestCancelHalfSent(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		in := pattern(200<<10, 1)
		want := opening(1, end, "m", pattern(200<<10, 1))
		ctx, cancel := context.WithCancel(t.Context())
		call := background[[]byte](ctx, p, "m", in)
		settle()
		cancel()
		o := <-call
		clear(in)
		wantSent(t, o.err, true)
		r.want("the request, whole", want)
		r.want("the cancel behind it", wire.Cancel{ID: 1, Reason: "context canceled"})
		r.send(output(1, end, 1))
		settle()
		checkIdle(t, p)
	})
}

// TestCancelWhileQueuedForAPlace: the request never leaves, and the place goes to the next.
func TestCancelWhileQueuedForAPlace(t *testing.T) {
	s := setup{theirs: Terms{Concurrency: 1}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		first := background[int](t.Context(), p, "first", 1)
		r.want("the first call", opening(1, end, "first", 1))
		ctx, cancel := context.WithCancel(t.Context())
		second := background[int](ctx, p, "second", 1)
		running(t, "there is no place", second)
		third := background[int](t.Context(), p, "third", 1)
		running(t, "there is no place", third)
		cancel()
		o := <-second
		wantSent(t, o.err, false)
		if !errors.Is(o.err, context.Canceled) {
			t.Errorf("the call ends with %v", o.err)
		}
		r.send(output(1, end, 1))
		r.want("the third call", opening(3, end, "third", 1))
		r.send(output(3, end, 3))
		if o := <-third; o.err != nil || o.value != 3 {
			t.Error(o)
		}
		<-first
		checkIdle(t, p)
	})
}

// TestCancelWithoutTheFeature: the caller goes, and the exchange lasts.
func TestCancelWithoutTheFeature(t *testing.T) {
	s := setup{features: []wire.Feature{wire.FeatureCredit}, theirs: Terms{Concurrency: 1}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		ctx, cancel := context.WithCancel(t.Context())
		call := background[int](ctx, p, "m", 1)
		r.want("the call", opening(1, end, "m", 1))
		cancel()
		<-call
		r.quiet("no Cancel")
		next := background[int](t.Context(), p, "next", 1)
		running(t, "the place is taken", next)
		r.send(output(1, end, 1))
		r.want("now it is free", opening(3, end, "next", 1))
		r.send(output(3, end, 1))
		<-next
		checkIdle(t, p)
	})
}

// TestCancelIsTheLastFrame: whatever the opener does after it, Credit aside.
func TestCancelIsTheLastFrame(t *testing.T) {
	ways := map[string]func(x exchange.Exchange, cancel func()){
		"context": func(_ exchange.Exchange, cancel func()) { cancel() },
		"close":   func(x exchange.Exchange, _ func()) { x.Close() },
		"both":    func(x exchange.Exchange, cancel func()) { x.Close(); cancel(); x.Close() },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				x, err := p.Open(ctx, "m", 1)
				if err != nil {
					t.Fatal(err)
				}
				r.want("the opening", opening(1, 0, "m", 1))
				r.send(output(1, 0, "unread"))
				settle()
				way(x, cancel)
				settle()
				r.want("what lies unread is granted", wire.Credit{ID: 1, Bytes: int64(length(output(1, 0, "unread")))})
				r.want("the cancel", wire.Cancel{ID: 1, Reason: "context canceled"})
				if err := x.Send(2); err != io.EOF {
					t.Errorf("Send: %v", err)
				}
				x.CloseSend()
				x.Close()
				cancel()
				if _, err := x.Recv(); !errors.Is(err, context.Canceled) {
					t.Errorf("Recv: %v", err)
				}
				r.quiet("nothing more")
				r.send(output(1, end, 1))
				if _, err := x.Recv(); !errors.Is(err, context.Canceled) {
					t.Errorf("the error does not stay: %v", err)
				}
				settle()
				checkIdle(t, p)
			})
		})
	}
}

// TestCancelWakes is about who waits in another goroutine.
func TestCancelWakes(t *testing.T) {
	t.Run("Recv", func(t *testing.T) {
		converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
			x, _ := p.Open(t.Context(), "m", 1)
			done := make(chan error, 1)
			go func() { _, err := x.Recv(); done <- err }()
			settle()
			x.Close()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	})
	for name, big := range map[string]int{"Send without credit": 0, "Send without room": 100 << 10} {
		t.Run(name, func(t *testing.T) {
			s := setup{theirs: Terms{Window: 1}}
			if big > 0 {
				s.theirs.Window = 1 << 30
			}
			converse(t, s, func(t *testing.T, p *Peer, r *raw) {
				x, _ := p.Open(t.Context(), "m", 1)
				done := make(chan error, 1)
				go func() {
					for {
						if err := x.Send(make([]byte, big)); err != nil {
							done <- err
							return
						}
					}
				}()
				settle()
				x.Close()
				if err := <-done; err != io.EOF {
					t.Error(err)
				}
			})
		})
	}
}

// TestOthersEndWakesSend: Send returns io.EOF once the other side has ended the exchange.
func TestOthersEndWakesSend(t *testing.T) {
	s := setup{theirs: Terms{Window: 1}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		x, _ := p.Open(t.Context(), "m", 1)
		r.want("the opening", opening(1, 0, "m", 1))
		x.Send(2)
		r.want("one more", more(1, 0, 2))
		done := make(chan error, 1)
		go func() { done <- x.Send(3) }()
		settle()
		r.send(output(1, end, "enough"))
		if err := <-done; err != io.EOF {
			t.Error(err)
		}
		if v, err := x.Recv(); err != nil || string(v) != string(encoded("enough")) {
			t.Errorf("%q, %v", v, err)
		}
		r.quiet("nothing more is sent")
	})
}

func TestCancelStopsTheHandler(t *testing.T) {
	var cause error
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"m": func(ctx context.Context, r exchange.Request) error {
			r.Recv() // the value of the opening
			<-ctx.Done()
			cause = context.Cause(ctx)
			_, err := r.Recv()
			wantCode(t, err, wire.CodeCanceled)
			if err := r.Send(1); err == nil {
				t.Error("Send works after the cancel")
			}
			return errors.New("whatever")
		},
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, 0, "m", nil))
		r.send(wire.Cancel{ID: 1, Reason: "bored"})
		e := r.wantError("the one end", 1, wire.CodeCanceled)
		if e.Message != "the caller gave up: bored" || cause.Error() != e.Message {
			t.Errorf("the reason is %q, and for the handler %v", e.Message, cause)
		}
		r.send(wire.Cancel{ID: 1})
		r.quiet("it has ended already")
		checkIdle(t, p)
	})
}

// TestCancelDropsOutputs: what waits for credit is not sent any more.
func TestCancelDropsOutputs(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard, theirs: Terms{Window: 1}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, 0, "echo", 1))
		r.want("the window is used up by it", output(1, 0, 1))
		r.send(more(1, 0, 2))
		r.quiet("there is no credit")
		r.send(wire.Cancel{ID: 1})
		r.wantError("the one end", 1, wire.CodeCanceled)
		r.send(wire.Credit{ID: 1, Bytes: 1 << 20})
		r.quiet("nothing follows it")
		checkIdle(t, p)
	})
}

// TestCancelOfWhoDoesNotListen: the exchange keeps its place until the handler returns.
func TestCancelOfWhoDoesNotListen(t *testing.T) {
	s := setup{side: wire.Child, ours: Terms{Concurrency: 1}, handlers: exchange.Handlers{
		"sleep": func(context.Context, exchange.Request) error { time.Sleep(time.Minute); return nil },
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "sleep", 1))
		r.send(wire.Cancel{ID: 1})
		r.quiet("the handler sleeps")
		r.send(opening(3, end, "sleep", 1))
		r.wantError("there is no place", 3, wire.CodeOverloaded)
		if n := p.InFlight(); n != 1 {
			t.Errorf("%d exchanges are in flight", n)
		}
		time.Sleep(time.Minute)
		r.wantError("the one end", 1, wire.CodeCanceled)
		r.send(opening(5, end, "sleep", 1))
		r.want("there is a place", output(5, end|empty, nil))
	})
}

// TestCancelRacesWithTheEnd: whatever comes first, there is one end, and nothing is left.
func TestCancelRacesWithTheEnd(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			parent, child := link(inMemory).peers(t, setup{handlers: standard, theirs: Terms{Concurrency: 1}, ours: Terms{Concurrency: 1}})
			ctx, cancel := context.WithCancel(t.Context())
			call := background[int](ctx, parent, "func", 7)
			go cancel()
			o := <-call
			if o.err == nil && o.value != 7 || o.err != nil && !errors.Is(o.err, context.Canceled) {
				t.Errorf("%v, %v", o.value, o.err)
			}
			if v, err := exchange.Call[int](t.Context(), parent, "func", 8); v != 8 || err != nil {
				t.Errorf("the next call: %v, %v", v, err)
			}
			settle()
			checkIdle(t, parent)
			checkIdle(t, child)
		})
	}
}

func TestDeadlineOfTheCaller(t *testing.T) {
	converse(t, setup{theirs: Terms{Concurrency: 1}}, func(t *testing.T, p *Peer, r *raw) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Microsecond)
		defer cancel()
		call := background[int](ctx, p, "m", 1)
		in := opening(1, end, "m", 1)
		in.Meta = wire.AppendTimeout(nil, 2*time.Millisecond)
		r.want("what is left, rounded up", in)
		o := <-call
		if !errors.Is(o.err, context.DeadlineExceeded) {
			t.Errorf("the call ends with %v", o.err)
		}
		wantSent(t, o.err, true)
		r.want("the other side is told", wire.Cancel{ID: 1, Reason: "context deadline exceeded"})

		// The time that a call waits for its place is not there any more when it is sent.
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		call = background[int](ctx, p, "m", 1)
		running(t, "there is no place", call)
		time.Sleep(4 * time.Second)
		r.send(output(1, end, 1))
		in = opening(3, end, "m", 1)
		in.Meta = wire.AppendTimeout(nil, 6*time.Second)
		r.want("what is left when it is sent", in)
		r.send(output(3, end, 1))
		<-call

		ctx, cancel = context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		err := p.Call(ctx, "m", 1, nil)
		wantSent(t, err, false)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		r.quiet("nothing is sent without any time")
	})
}

// TestDeadlineOfBoth: whichever side notices first, the caller gave up.
func TestDeadlineOfBoth(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		ctx := lateContext{t.Context(), time.Now().Add(time.Second)}
		call := background[int](ctx, p, "m", 1)
		r.next("the call")
		time.Sleep(time.Second)
		r.send(failure(1, wire.CodeDeadlineExceeded, "too late"))
		if o := <-call; !errors.Is(o.err, context.DeadlineExceeded) {
			t.Errorf("the call ends with %v", o.err)
		}

		call = background[int](t.Context(), p, "m", 1)
		r.next("a call without a deadline")
		r.send(failure(3, wire.CodeDeadlineExceeded, "the worker's own"))
		wantCode(t, (<-call).err, wire.CodeDeadlineExceeded)
	})
}

// lateContext has a deadline whose timer has not fired yet.
type lateContext struct {
	context.Context
	at time.Time
}

func (c lateContext) Deadline() (time.Time, bool) { return c.at, true }

func TestDeadlineOfTheHandler(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		in := opening(1, end, "hang", 1)
		in.Meta = wire.AppendTimeout(nil, time.Minute)
		from := time.Now()
		r.send(in)
		r.wantError("no Cancel is needed", 1, wire.CodeDeadlineExceeded)
		if d := time.Since(from); d != time.Minute {
			t.Errorf("it was after %v", d)
		}
		checkIdle(t, p)
	})
}

// TestDeadlineWhileWaitingForCredit: the handler does not wait for ever.
func TestDeadlineWhileWaitingForCredit(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard, theirs: Terms{Window: 1}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		in := opening(1, 0, "echo", 1)
		in.Meta = wire.AppendTimeout(nil, time.Minute)
		r.send(in)
		r.want("the window is used up by it", output(1, 0, 1))
		r.send(more(1, 0, 2))
		r.wantError("the time is up", 1, wire.CodeDeadlineExceeded)
		checkIdle(t, p)
	})
}

// TestOpenEndsWithItsContext: also if nobody waits.
func TestOpenEndsWithItsContext(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		x, err := p.Open(ctx, "m", 1)
		if err != nil {
			t.Fatal(err)
		}
		in := opening(1, 0, "m", 1)
		in.Meta = wire.AppendTimeout(nil, time.Second)
		r.want("the opening", in)
		r.want("the cancel", wire.Cancel{ID: 1, Reason: "context deadline exceeded"})
		r.send(output(1, end, 1))
		if _, err := x.Recv(); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
