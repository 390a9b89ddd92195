package peer

import (
	"context"
	"errors"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// TestCallersQueueInOrder is about the concurrency that the other side has announced.
func TestCallersQueueInOrder(t *testing.T) {
	s := setup{theirs: Terms{Concurrency: 2}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		var calls []<-chan outcome[int]
		for i := range 5 {
			calls = append(calls, background[int](t.Context(), p, "m", i))
			settle()
		}
		r.want("the first", opening(1, end, "m", 0))
		r.want("the second", opening(3, end, "m", 1))
		r.quiet("the others wait")
		r.send(output(3, end, 1))
		r.want("the third", opening(5, end, "m", 2))
		r.quiet("the others wait")
		r.send(failure(1, "mine", ""))
		r.want("the fourth", opening(7, end, "m", 3))
		r.send(output(5, end, 2))
		r.want("the fifth", opening(9, end, "m", 4))
		r.send(output(9, end, 4))
		r.send(output(7, end, 3))
		for i, call := range calls {
			if o := <-call; i > 0 && (o.err != nil || o.value != i) {
				t.Errorf("call %d: %v, %v", i, o.value, o.err)
			}
		}
		checkIdle(t, p)
	})
}

// TestRefusedOpeningFreesItsPlace is about requests that fail on this side already.
func TestRefusedOpeningFreesItsPlace(t *testing.T) {
	s := setup{theirs: Terms{Concurrency: 1, MaxFrame: wire.LeastMaxFrame}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		for range 3 {
			err := p.Call(t.Context(), "m", make([]byte, wire.LeastMaxFrame), nil)
			wantCode(t, err, wire.CodeTooLarge)
			wantSent(t, err, false)
			err = p.Call(t.Context(), "m", make(chan int), nil)
			wantSent(t, err, false)
		}
		call := background[int](t.Context(), p, "m", 1)
		r.want("the id is the first", opening(1, end, "m", 1))
		r.send(output(1, end, 1))
		<-call
		checkIdle(t, p)
	})
}

// TestNoSpuriousOverload: who calls again as soon as its answer is there is never refused.
func TestNoSpuriousOverload(t *testing.T) {
	handlers := exchange.Handlers{
		"func":  standard["func"],
		"reply": func(_ context.Context, r exchange.Request) error { return r.Reply(1) },
		"fail":  func(context.Context, exchange.Request) error { return errors.New("no") },
	}
	s := setup{handlers: handlers, ours: Terms{Concurrency: 1}, theirs: Terms{Concurrency: 1}}
	overLinks(t, s, func(t *testing.T, parent, child *Peer) {
		for _, p := range []*Peer{parent, child} {
			for i := range 1000 {
				method := []string{"func", "reply", "fail"}[i%3]
				err := p.Call(t.Context(), method, 1, nil)
				if method == "fail" {
					wantCode(t, err, wire.CodeFailed)
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestNestedCalls: a call back from inside a host call fails if it would have to wait for
// the place that its own outer call has.
func TestNestedCalls(t *testing.T) {
	ask := func(_ context.Context, r exchange.Request) (err error) { return r.Reply("deep") }
	t.Run("fails", func(t *testing.T) {
		var nested error
		parent, _ := link(inMemory).peersWith(t,
			setup{theirs: Terms{Concurrency: 1}, handlers: exchange.Handlers{
				"host": func(ctx context.Context, r exchange.Request) error {
					nested = self(ctx).Call(ctx, "ask", 1, nil)
					if _, err := self(ctx).Open(ctx, "ask", 1); !errors.Is(err, wire.ErrNotSent) {
						t.Errorf("Open: %v", err)
					}
					return r.Reply(1)
				},
			}},
			setup{ours: Terms{Concurrency: 1}, handlers: exchange.Handlers{
				"ask":   ask,
				"outer": func(ctx context.Context, r exchange.Request) error { return self(ctx).Call(ctx, "host", 1, nil) },
			}})
		if err := parent.Call(t.Context(), "outer", 1, nil); err != nil {
			t.Fatal(err)
		}
		wantCode(t, nested, wire.CodeOverloaded)
		wantSent(t, nested, false)
	})
	t.Run("has room", func(t *testing.T) {
		parent, _ := link(inMemory).peersWith(t,
			setup{theirs: Terms{Concurrency: 2}, handlers: exchange.Handlers{
				"host": func(ctx context.Context, r exchange.Request) error {
					var out string
					if err := self(ctx).Call(ctx, "ask", 1, &out); err != nil {
						return err
					}
					return r.Reply(out)
				},
			}},
			setup{ours: Terms{Concurrency: 2}, handlers: exchange.Handlers{
				"ask": ask,
				"outer": func(ctx context.Context, r exchange.Request) error {
					var out string
					if err := self(ctx).Call(ctx, "host", 1, &out); err != nil {
						return err
					}
					return r.Reply(out)
				},
			}})
		if out, err := exchange.Call[string](t.Context(), parent, "outer", 1); err != nil || out != "deep" {
			t.Errorf("%q, %v", out, err)
		}
	})
	t.Run("of the worker waits", func(t *testing.T) {
		s := setup{side: wire.Child, theirs: Terms{Concurrency: 1}, handlers: exchange.Handlers{
			"m": func(ctx context.Context, r exchange.Request) error { return self(ctx).Call(ctx, "host", 1, nil) },
		}}
		converse(t, s, func(t *testing.T, p *Peer, r *raw) {
			r.send(opening(1, end, "m", 1))
			r.want("the first host call", opening(2, end, "host", 1))
			r.send(opening(3, end, "m", 1))
			r.quiet("the second waits")
			r.send(output(2, end, 1))
			r.wantAll("the first handler is done, and the second calls", output(1, end|empty, nil), opening(4, end, "host", 1))
			r.send(output(4, end, 1))
			r.want("the second handler is done", output(3, end|empty, nil))
		})
	})
}

// TestHostCallWithoutTheFeature fails on this side.
func TestHostCallWithoutTheFeature(t *testing.T) {
	s := setup{side: wire.Child, features: []wire.Feature{wire.FeatureCredit}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		err := p.Call(t.Context(), "m", 1, nil)
		wantCode(t, err, wire.CodeUnknownMethod)
		wantSent(t, err, false)
		r.quiet("nothing is sent")
	})
}

// TestCallBeforeTheHandshake fails on this side.
func TestCallBeforeTheHandshake(t *testing.T) {
	converse(t, setup{handshake: true}, func(t *testing.T, p *Peer, r *raw) {
		err := p.Call(t.Context(), "m", 1, nil)
		wantSent(t, err, false)
		r.quiet("nothing is sent")
		p.Establish(Terms{}.resolved(), Terms{}.resolved(), nil)
		background[int](t.Context(), p, "m", 1)
		r.want("now it may", opening(1, end, "m", 1))
	})
}

// TestTheLastID is about a link that has used up its ids.
func TestTheLastID(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		p.mu.Lock()
		p.nextID = wire.MaxID
		p.mu.Unlock()
		call := background[int](t.Context(), p, "m", 1)
		r.want("the last", opening(wire.MaxID, end, "m", 1))
		r.send(output(wire.MaxID, end, 1))
		<-call
		wantSent(t, p.Call(t.Context(), "m", 1, nil), false)
		checkIdle(t, p)
	})
}
