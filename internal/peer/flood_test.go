package peer

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// TestPeerThatNeverReads asks for ever more answers and reads none: what is owed to it is
// bounded, and its link fails.
func TestPeerThatNeverReads(t *testing.T) {
	refused := opening(2, end, "nope", nil)
	consumed := func() message { return more(2, empty, nil) }
	tests := []struct {
		name  string
		peer  setup
		first message
		many  message
	}{
		{"refusals", setup{}, nil, refused},
		{"grants", setup{ours: Terms{Window: 1}}, opening(2, empty, "hang", nil), consumed()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.peer.handlers = standard
			converse(t, tt.peer, func(t *testing.T, p *Peer, r *raw) {
				if tt.first != nil {
					r.send(tt.first)
				}
				var many []byte
				for len(many) < 32<<10 {
					many = tt.many.Append(many)
				}
				failed := func() bool {
					p.mu.Lock()
					defer p.mu.Unlock()
					if n := len(p.out.urgent) + p.out.queued; n > owedLimit+roomLimit {
						t.Fatalf("%d bytes are queued", n)
					}
					return p.out.err != nil
				}
				for i := 0; !failed(); i++ {
					if i > 1000 {
						t.Fatal("there is no limit")
					}
					r.write(many)
					settle()
				}
				waitEnded(t, p)
				if !errors.Is(p.Err(), errNotReading) {
					t.Errorf("the link has ended with %v", p.Err())
				}
			})
		})
	}
}

// TestPeerThatReadsLate is no such peer: it gets every answer.
func TestPeerThatReadsLate(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		const n = 5000
		for range n {
			r.send(opening(2, end, "nope", nil))
		}
		settle()
		for range n {
			r.wantError("each refusal", 2, wire.CodeUnknownMethod)
		}
		if p.out.owed != 0 || p.out.queued != 0 {
			t.Errorf("%d bytes are queued, %d owed", p.out.queued, p.out.owed)
		}
	})
}

// TestFailingHandlersOfWhoDoesNotRead wait, with the error they have: their places bound
// what is queued.
func TestFailingHandlersOfWhoDoesNotRead(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"fail": func(context.Context, exchange.Request) error { return errors.New(long) },
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		const n = 300
		for i := range uint64(n) {
			r.send(opening(2*i+1, end, "fail", nil))
		}
		settle()
		if q := p.out.queued; q > roomLimit+2*len(long) {
			t.Errorf("%d bytes are queued", q)
		}
		for range n {
			r.output("each error")
		}
		r.quiet("once")
		checkIdle(t, p)
	})
}

// TestErrorTooLargeForTheOtherSide still ends the exchange.
func TestErrorTooLargeForTheOtherSide(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	s := setup{side: wire.Child, theirs: Terms{MaxFrame: wire.LeastMaxFrame}, handlers: exchange.Handlers{
		"message": func(context.Context, exchange.Request) error { return errors.New(long) },
		"code":    func(context.Context, exchange.Request) error { return wire.Errorf(long, "") },
		"panic":   func(context.Context, exchange.Request) error { panic(long) },
		"reply":   func(_ context.Context, r exchange.Request) error { return r.Reply(long) },
		"send": func(_ context.Context, r exchange.Request) error {
			err := r.Send(long)
			wantCode(t, err, wire.CodeTooLarge)
			return r.Reply("short")
		},
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "message", nil))
		r.wantError("cut", 1, wire.CodeFailed)
		r.send(opening(1, end, "code", nil))
		r.wantError("cut", 1, long[:100])
		r.send(opening(1, end, "panic", nil))
		r.wantError("cut", 1, wire.CodePanicked)
		r.send(opening(1, end, "reply", nil))
		r.wantError("the reply", 1, wire.CodeTooLarge)
		r.send(opening(1, end, "send", nil))
		r.want("the exchange goes on", output(1, end, "short"))
		checkIdle(t, p)
	})
}

// TestTooLarge is about both directions, on the side that sends: nothing is sent, and the
// exchange goes on.
func TestTooLarge(t *testing.T) {
	converse(t, setup{theirs: Terms{MaxFrame: wire.LeastMaxFrame}}, func(t *testing.T, p *Peer, r *raw) {
		x, err := p.Open(t.Context(), "m", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.want("the opening", opening(1, 0, "m", nil))
		fits := bytesFor(wire.LeastMaxFrame, func(v any) message { return more(1, 0, v) })
		if err := x.Send(fits); err != nil {
			t.Error(err)
		}
		r.want("a frame of the largest size", more(1, 0, fits))
		wantCode(t, x.Send(append(fits, 0)), wire.CodeTooLarge)
		r.quiet("a byte more")
		x.Send(1)
		r.want("what fits", more(1, 0, 1))
		_, err = p.Open(t.Context(), "m", append(fits, 0))
		wantCode(t, err, wire.CodeTooLarge)
		wantSent(t, err, false)
		r.quiet("nothing of it")
	})
}

// TestLargeErrorData is no sign of a peer that does not read.
func TestLargeErrorData(t *testing.T) {
	data := encoded(make([]byte, 3<<20))
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"m": func(context.Context, exchange.Request) error { return &wire.Error{Code: "mine", Data: data} },
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "m", nil))
		if e := r.wantError("the error", 1, "mine"); len(e.Data) != len(data) {
			t.Errorf("%d bytes of data", len(e.Data))
		}
		checkIdle(t, p)
	})
}

// TestSmallFrames: floods of what is ignored cost nothing that stays.
func TestSmallFrames(t *testing.T) {
	frames := map[string][]byte{
		"grease":  wire.AppendGrease(nil, 3),
		"outputs": output(999, end, 1).Append(nil),
		"cancels": wire.Cancel{ID: 999}.Append(nil),
		"credits": wire.Credit{ID: 999, Bytes: 1}.Append(nil),
		"inputs":  more(999, 0, 1).Append(nil),
		"pongs":   wire.Pong{Seq: 5}.Append(nil),
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
				var many []byte
				n := 0
				for ; len(many) < 1<<20; n++ {
					many = append(many, frame...)
				}
				before := heap()
				r.write(many)
				settle()
				if grown := heap() - before; grown > 1<<20 {
					t.Errorf("%d bytes more are in use", grown)
				}
				if name != "pongs" && p.Ignored() != uint64(n) {
					t.Errorf("%d of %d are counted as ignored", p.Ignored(), n)
				}
				call := background[int](t.Context(), p, "m", 1)
				r.want("the link works", opening(1, end, "m", 1))
				r.send(output(1, end, 1))
				<-call
				checkIdle(t, p)
			})
		})
	}
}

// TestPeerThatAsksForMuch: its concurrency bounds how many handlers run for it.
func TestPeerThatAsksForMuch(t *testing.T) {
	s := setup{handlers: standard, ours: Terms{Concurrency: 10}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		for i := range uint64(1000) {
			r.send(opening(2*i+2, end, "hang", nil))
		}
		settle()
		if n := p.InFlight(); n != 10 {
			t.Errorf("%d handlers run", n)
		}
		for i := range uint64(990) {
			r.wantError("one over the limit", 2*i+22, wire.CodeOverloaded)
		}
		for i := range uint64(10) {
			r.send(wire.Cancel{ID: 2*i + 2})
			r.wantError("one of the ten", 2*i+2, wire.CodeCanceled)
		}
		checkIdle(t, p)
	})
}

// eventually waits, outside of a bubble, for what other goroutines are about to do.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for range 30_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Fatalf("it does not come about; the goroutines:\n%s", buf[:runtime.Stack(buf, true)])
}

// settled reports whether a peer has no exchange open.
func settled(p *Peer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.table) == 0
}
