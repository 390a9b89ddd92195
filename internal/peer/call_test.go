package peer

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

func TestCallOnTheWire(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		call := background[string](t.Context(), p, "greet", "you")
		if got, want := r.next("the call"), []byte("\x96\x05\x01\x01\xa5greet\xc0\xa3you"); !bytes.Equal(got, want) {
			t.Fatalf("the call is % x; want % x", got, want)
		}
		r.write([]byte("\x00\x00\x00\x0e\x95\x06\x01\x01\xc0\xa8hi there"))
		if o := <-call; o.err != nil || o.value != "hi there" {
			t.Errorf("the answer is %q, %v", o.value, o.err)
		}

		bin := background[[]byte](t.Context(), p, "", []byte{1, 2})
		if got, want := r.next("the next call"), []byte("\x96\x05\x03\x01\xa0\xc0\xc4\x02\x01\x02"); !bytes.Equal(got, want) {
			t.Fatalf("the call is % x; want % x", got, want)
		}
		r.send(output(3, end, []byte{3}))
		if o := <-bin; o.err != nil || !bytes.Equal(o.value, []byte{3}) {
			t.Errorf("the answer is %v, %v", o.value, o.err)
		}
		checkIdle(t, p)
	})
}

func TestAnswerOnTheWire(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.write([]byte("\x00\x00\x00\x0d\x96\x05\x01\x01\xa4func\xc0\xa2hi"))
		if got, want := r.next("the answer"), []byte("\x95\x06\x01\x01\xc0\xa2hi"); !bytes.Equal(got, want) {
			t.Fatalf("the answer is % x; want % x", got, want)
		}
		checkIdle(t, p)
	})
}

func TestCallAnswers(t *testing.T) {
	tests := []struct {
		name    string
		outputs []wire.Output
		want    string
		code    wire.Code
	}{
		{"one value at the end", []wire.Output{output(1, end, "a")}, "a", ""},
		{"one value, then the end", []wire.Output{output(1, 0, "a"), output(1, end|empty, nil)}, "a", ""},
		{"none", []wire.Output{output(1, end|empty, nil)}, "", ""},
		{"nil", []wire.Output{output(1, end, nil)}, "", ""},
		{"meta alone before", []wire.Output{output(1, empty, nil), output(1, end, "a")}, "a", ""},
		{"an error", []wire.Output{failure(1, "mine", "no")}, "", "mine"},
		{"a value, then an error", []wire.Output{output(1, 0, "a"), failure(1, "mine", "no")}, "", "mine"},
		{"an error that is none", []wire.Output{output(1, wire.FlagError, 7)}, "", wire.CodeFailed},
		{"unknown flags", []wire.Output{output(1, end|64, "a")}, "a", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
				call := background[string](t.Context(), p, "m", nil)
				r.want("the call", opening(1, end, "m", nil))
				for _, out := range tt.outputs {
					r.send(out)
				}
				o := <-call
				if tt.code != "" {
					wantCode(t, o.err, tt.code)
				} else if o.err != nil || o.value != tt.want {
					t.Errorf("the answer is %q, %v; want %q", o.value, o.err, tt.want)
				}
				r.quiet("after the end")
				checkIdle(t, p)
			})
		})
	}
}

func TestCallWithTwoAnswers(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		call := background[string](t.Context(), p, "m", nil)
		r.want("the call", opening(1, end, "m", nil))
		r.send(output(1, 0, "a"))
		r.send(output(1, 0, "b"))
		if err := (<-call).err; err != errTooMany {
			t.Errorf("the error is %v", err)
		}
		r.want("what has come is of no use", wire.Credit{ID: 1, Bytes: 2 * int64(length(output(1, 0, "a")))})
		r.want("no more is wanted", wire.Cancel{ID: 1, Reason: errTooMany.Error()})
		r.send(output(1, 0, "c"))
		r.want("what is discarded is granted at once", wire.Credit{ID: 1, Bytes: int64(length(output(1, 0, "c")))})
		r.send(output(1, end, "d"))
		r.quiet("the end")
		checkIdle(t, p)
	})
}

// TestHandlerEnds is about what an answerer makes of how its handler ends.
func TestHandlerEnds(t *testing.T) {
	mine := &wire.Error{Code: "mine", Message: "no", Data: encoded(7)}
	tests := []struct {
		name    string
		handler exchange.Handler
		want    wire.Output
	}{
		{"nothing", func(context.Context, exchange.Request) error { return nil }, output(1, end|empty, nil)},
		{"a reply", func(_ context.Context, r exchange.Request) error { return r.Reply("a") }, output(1, end, "a")},
		{"an empty reply", func(_ context.Context, r exchange.Request) error { return r.Reply(exchange.None) }, output(1, end|empty, nil)},
		{"nil", func(_ context.Context, r exchange.Request) error { return r.Reply(nil) }, output(1, end, nil)},
		{"a reply and an error", func(_ context.Context, r exchange.Request) error { r.Reply("a"); return mine }, output(1, end, "a")},
		{"a reply and a panic", func(_ context.Context, r exchange.Request) error { r.Reply("a"); panic("x") }, output(1, end, "a")},
		{"two replies", func(_ context.Context, r exchange.Request) error { r.Reply("a"); return r.Reply("b") }, output(1, end, "a")},
		{"an error", func(context.Context, exchange.Request) error { return errors.New("no") }, failure(1, wire.CodeFailed, "no")},
		{"an error map", func(context.Context, exchange.Request) error { return mine }, wire.Output{ID: 1, Flags: 3, Payload: mine.Append(nil)}},
		{"a promise that can't be", func(context.Context, exchange.Request) error { return wire.Errorf(wire.CodeOverloaded, "no") },
			failure(1, wire.CodeFailed, "overloaded: no")},
		{"a panic", func(context.Context, exchange.Request) error { panic("x") }, failure(1, wire.CodePanicked, "x")},
		{"a panic with nil", func(context.Context, exchange.Request) error { panic(nil) },
			failure(1, wire.CodePanicked, new(runtime.PanicNilError).Error())},
		{"Goexit", func(context.Context, exchange.Request) error { runtime.Goexit(); return nil }, failure(1, wire.CodePanicked, errGone.Message)},
		{"an error that panics", func(context.Context, exchange.Request) error { return (*wire.Error)(nil) },
			failure(1, wire.CodePanicked, "runtime error: invalid memory address or nil pointer dereference")},
		{"its own deadline", func(context.Context, exchange.Request) error { return context.DeadlineExceeded },
			failure(1, wire.CodeDeadlineExceeded, "context deadline exceeded")},
		{"its own cancel", func(context.Context, exchange.Request) error { return context.Canceled }, failure(1, wire.CodeCanceled, "context canceled")},
		{"no msgpack", func(_ context.Context, r exchange.Request) error { return r.Reply(make(chan int)) },
			failure(1, wire.CodeFailed, "the answer can't be encoded: msgpack: Encode(unsupported chan int)")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := setup{side: wire.Child, handlers: exchange.Handlers{"m": tt.handler}}
			converse(t, s, func(t *testing.T, p *Peer, r *raw) {
				r.send(opening(1, end, "m", nil))
				r.want("the one end", tt.want)
				r.quiet("after the end")
				checkIdle(t, p)
			})
		})
	}
}

func TestPanicIsReported(t *testing.T) {
	type report struct {
		method string
		value  any
		stack  string
	}
	reports := make(chan report, 1)
	s := setup{
		side:     wire.Child,
		handlers: exchange.Handlers{"m": func(context.Context, exchange.Request) error { panic(errors.New("x")) }},
		panicked: func(method string, value any, stack []byte) { reports <- report{method, value, string(stack)} },
	}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		reports = make(chan report, 1)
		r.send(opening(1, end, "m", nil))
		r.wantError("the panic", 1, wire.CodePanicked)
		got := <-reports
		if got.method != "m" || got.value.(error).Error() != "x" || !strings.Contains(got.stack, "TestPanicIsReported") {
			t.Errorf("the report is %+v", got)
		}
	})
}

// TestHandlersErrorMayCallBack is about the lock: an error is asked what it says without it.
func TestHandlersErrorMayCallBack(t *testing.T) {
	var p *Peer
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"m": func(context.Context, exchange.Request) error {
			return errorFunc(func() string { p.InFlight(); return "no" })
		},
	}}
	converse(t, s, func(t *testing.T, peer *Peer, r *raw) {
		p = peer
		r.send(opening(1, end, "m", nil))
		r.want("the error", failure(1, wire.CodeFailed, "no"))
	})
}

type errorFunc func() string

func (f errorFunc) Error() string { return f() }

// TestHandlersContextEnds is about what ends the context of a handler.
func TestHandlersContextEnds(t *testing.T) {
	var ctx context.Context
	replied := make(chan error, 1)
	handlers := exchange.Handlers{
		"reply": func(c context.Context, r exchange.Request) error {
			ctx = c
			r.Reply(1)
			<-c.Done()
			_, err := r.Recv()
			replied <- err
			return nil
		},
		"return": func(c context.Context, _ exchange.Request) error { ctx = c; return nil },
		"fail":   func(c context.Context, _ exchange.Request) error { ctx = c; return errors.New("no") },
		"panic":  func(c context.Context, _ exchange.Request) error { ctx = c; panic("x") },
		"goexit": func(c context.Context, _ exchange.Request) error { ctx = c; runtime.Goexit(); return nil },
		"hang":   func(c context.Context, _ exchange.Request) error { ctx = c; <-c.Done(); return nil },
	}
	finish := map[string]func(p *Peer, r *raw){
		"canceled":  func(p *Peer, r *raw) { r.send(wire.Cancel{ID: 1}) },
		"all":       func(p *Peer, r *raw) { p.CancelAll("enough") },
		"closed":    func(p *Peer, r *raw) { p.Close() },
		"eof":       func(p *Peer, r *raw) { r.conn.Close() },
		"violation": func(p *Peer, r *raw) { r.send(wire.Pong{}) },
	}
	for name := range handlers {
		if name == "hang" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			converse(t, setup{side: wire.Child, handlers: handlers}, func(t *testing.T, p *Peer, r *raw) {
				replied = make(chan error, 1)
				r.send(opening(1, 0, name, nil))
				r.next("the end")
				settle()
				if ctx.Err() == nil {
					t.Error("the context lives on")
				}
				if name == "reply" {
					if err := <-replied; err != nil && !errors.Is(err, errEnded) {
						t.Errorf("Recv after Reply: %v", err)
					}
				}
			})
		})
	}
	for name, f := range finish {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{side: wire.Child, handlers: handlers}, func(t *testing.T, p *Peer, r *raw) {
				r.send(opening(1, 0, "hang", nil))
				settle()
				f(p, r)
				settle()
				if ctx.Err() == nil {
					t.Error("the context lives on")
				}
			})
		})
	}
}

// TestBase is about the contexts of handlers: they have the values of the base, and not its
// end.
func TestBase(t *testing.T) {
	type key struct{}
	base, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, 7))
	cancel()
	a, b := inMemory(t)
	p := New(a, Config{Side: wire.Parent, Base: base, Handlers: exchange.Handlers{
		"m": exchange.Func(func(ctx context.Context, _ any) (int, error) { return ctx.Value(key{}).(int), ctx.Err() }),
	}})
	p.Establish(Terms{}.resolved(), Terms{}.resolved(), wire.Features)
	p.Start()
	child := setup{side: wire.Child}.start(b)
	got, err := exchange.Call[int](t.Context(), child, "m", nil)
	if got != 7 || err != nil {
		t.Errorf("the handler has %d, %v", got, err)
	}
	p.Close()
	child.Close()
	<-p.Finished()
	<-child.Finished()
}

// TestCalls goes through all there is over every link, from both sides.
func TestCalls(t *testing.T) {
	overLinks(t, setup{handlers: standard}, func(t *testing.T, parent, child *Peer) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, p := range []*Peer{parent, child} {
			for _, size := range []int{0, 1, copyLimit, copyLimit + 1, batchLimit, 1 << 20, 3 << 20} {
				in := pattern(size, byte(size))
				out, err := exchange.Call[[]byte](ctx, p, "func", in)
				if err != nil || !bytes.Equal(in, out) {
					t.Fatalf("%v: %d bytes come back as %d, %v", p.side, size, len(out), err)
				}
			}
			var text string
			if err := p.Call(ctx, "func", "é", &text); err != nil || text != "é" {
				t.Errorf("%q, %v", text, err)
			}
			if err := p.Call(ctx, "func", "é", nil); err != nil {
				t.Errorf("the answer is not wanted: %v", err)
			}
			wantCode(t, p.Call(ctx, "nope", 1, nil), wire.CodeUnknownMethod)
		}
		checkIdle(t, parent)
		checkIdle(t, child)
	})
}

// pattern makes bytes of which every stretch tells where it belongs.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i) + byte(i>>8)*3 + byte(i>>16)*7
	}
	return b
}
