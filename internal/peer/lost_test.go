package peer

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// TestDeathAfterEveryByte is about a peer that dies in the midst of its answers.
func TestDeathAfterEveryByte(t *testing.T) {
	said := wire.Log{Message: "hello"}.Append(nil)
	said = output(3, 0, "first").Append(said)
	said = output(1, end, "answer").Append(said)
	all := output(3, end, "last").Append(said)
	for cut := range len(all) + 1 {
		s := setup{theirs: Terms{Concurrency: 2}, handlers: standard}
		converse(t, s, func(t *testing.T, p *Peer, r *raw) {
			answered := background[string](t.Context(), p, "m", 1)
			r.want("a call", opening(1, end, "m", 1))
			x, err := p.Open(t.Context(), "m", 2)
			if err != nil {
				t.Fatal(err)
			}
			r.want("a stream", opening(3, 0, "m", 2))
			queued := background[string](t.Context(), p, "m", 3)
			r.send(opening(2, 0, "hang", 1)) // and a handler
			settle()

			r.write(all[:cut])
			settle()
			r.conn.Close()
			o := <-answered
			if cut >= len(said) {
				if o.err != nil || o.value != "answer" {
					t.Errorf("cut at %d: %q, %v", cut, o.value, o.err)
				}
			} else {
				wantLost(t, o.err, true)
			}
			values, err := collect(x)
			switch {
			case cut == len(all):
				if err != io.EOF || len(values) != 2 {
					t.Errorf("cut at %d: %v, %v", cut, values, err)
				}
			default:
				wantLost(t, err, true)
			}
			if err := x.Send(4); err != io.EOF {
				t.Errorf("Send: %v; want io.EOF", err)
			}
			if cut < len(said) {
				wantLost(t, (<-queued).err, false)
			} else if o := <-queued; o.err == nil {
				t.Error("a call without an answer succeeds")
			}
			<-p.Finished()
			want := io.EOF
			boundary := map[int]bool{0: true, len(said): true, len(all): true}
			for _, m := range []int{len(wire.Log{Message: "hello"}.Append(nil)), len(said) - len(output(1, end, "answer").Append(nil))} {
				boundary[m] = true
			}
			if !boundary[cut] {
				want = io.ErrUnexpectedEOF
			}
			if p.Err() != want {
				t.Errorf("cut at %d: the link has ended with %v; want %v", cut, p.Err(), want)
			}
			wantLost(t, p.Call(t.Context(), "m", 1, nil), false)
			if n := p.InFlight(); n != 0 {
				t.Errorf("%d exchanges are in flight", n)
			}
		})
	}
}

// collect receives all of an exchange.
func collect(x exchange.Exchange) (values []wire.Payload, err error) {
	for {
		v, err := x.Recv()
		if err != nil {
			return values, err
		}
		values = append(values, v)
	}
}

// wantLost checks that err tells of the end of the link, and whether the request had left.
// It must not look like the good end of a stream.
func wantLost(t *testing.T, err error, sent bool) {
	t.Helper()
	var lost *LostError
	if !errors.As(err, &lost) || lost.Sent != sent || lost.Cause == nil {
		t.Errorf("the error is %v; want a LostError with Sent %v", err, sent)
		return
	}
	wantSent(t, err, sent)
	if errors.Is(err, io.EOF) {
		t.Errorf("%q is io.EOF, as if all had come", err)
	}
}

// TestHandlerOfLostLink: its input has not ended well.
func TestHandlerOfLostLink(t *testing.T) {
	ended := make(chan error, 1)
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"m": func(_ context.Context, r exchange.Request) error {
			for {
				if _, err := r.Recv(); err != nil {
					ended <- err
					return r.Reply(1)
				}
			}
		},
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		ended = make(chan error, 1)
		r.send(opening(1, 0, "m", 1))
		settle()
		r.conn.Close()
		err := <-ended
		wantCode(t, err, wire.CodeCanceled)
		if errors.Is(err, io.EOF) {
			t.Errorf("%v looks like the end of the request", err)
		}
		<-p.Finished()
	})
}

// TestSentSaysWhatHasLeft: not only what was on its way, but what the link has taken.
func TestSentSaysWhatHasLeft(t *testing.T) {
	for _, read := range []int{0, 1, 10_000, 64 << 10, 100_000} {
		converse(t, setup{theirs: Terms{Window: 1 << 30}}, func(t *testing.T, p *Peer, r *raw) {
			var calls []<-chan outcome[int]
			in := make([]byte, 7000)
			for range 40 {
				calls = append(calls, background[int](t.Context(), p, "m", in))
				settle() // one after the other
			}
			left := read
			for buf := make([]byte, 1<<20); left > 0; settle() {
				n, err := r.conn.Read(buf[:min(left, len(buf))])
				if err != nil {
					t.Fatal(err)
				}
				left -= n
			}
			r.conn.Close()
			taken := 64<<10 + read // the link was full
			at := 0
			for i, call := range calls {
				wantLost(t, (<-call).err, at < taken)
				at += len(opening(uint64(2*i+1), end, "m", in).Append(nil))
			}
		})
	}
}

// deaf is a link that takes no byte after the first failure, and can still be read.
type deaf struct {
	transport.Conn
	broken atomic.Bool
}

var errBroken = errors.New("broken pipe")

func (c *deaf) TryWrite(b [][]byte) (int, error) {
	if c.broken.Load() {
		return 0, errBroken
	}
	return c.Conn.TryWrite(b)
}

// TestLastWords: what the other side said before it broke the link is heard.
func TestLastWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transport.Pair()
		conn := &deaf{Conn: a}
		p := setup{}.start(conn)
		r := &raw{t: t, conn: b, in: wire.NewReader(b)}
		t.Cleanup(func() { b.Close(); p.Close(); <-p.Finished(); checkOver(t, p) })

		first := background[string](t.Context(), p, "m", 1)
		r.want("a call", opening(1, end, "m", 1))
		second := background[string](t.Context(), p, "m", 1)
		r.want("another", opening(3, end, "m", 1))
		conn.broken.Store(true)
		third := background[string](t.Context(), p, "m", 1)
		settle()
		err := p.Call(t.Context(), "m", 1, nil)
		wantLost(t, err, false)
		if !errors.Is(err, errBroken) {
			t.Errorf("the call fails with %v", err)
		}
		r.send(output(1, end, "last words"))
		if o := <-first; o.err != nil || o.value != "last words" {
			t.Errorf("%q, %v", o.value, o.err)
		}
		from := time.Now()
		waitEnded(t, p)
		if d := time.Since(from); d != lastWords || !errors.Is(p.Err(), errBroken) {
			t.Errorf("the link ends after %v with %v", d, p.Err())
		}
		wantLost(t, (<-second).err, true)
		wantLost(t, (<-third).err, false) // not a byte of it was taken
	})
}

// TestLostLinkWatchesNobody: a caller's context that lives on knows nothing of exchanges
// that have ended, or whose link has.
func TestLostLinkWatchesNobody(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		ctx := &watchedContext{Context: t.Context(), done: make(chan struct{})}
		for range 3 {
			if _, err := p.Open(ctx, "m", 1); err != nil {
				t.Fatal(err)
			}
		}
		r.next("an exchange")
		r.send(output(1, end, 1))
		settle()
		if n := ctx.watchers.Load(); n != 2 {
			t.Errorf("%d exchanges watch the context; want 2", n)
		}
		r.conn.Close()
		<-p.Finished()
		if n := ctx.watchers.Load(); n != 0 {
			t.Errorf("%d exchanges watch the context; want 0", n)
		}
	})
}

// watchedContext counts those who have called context.AfterFunc on it.
type watchedContext struct {
	context.Context
	done     chan struct{}
	watchers atomic.Int32
}

func (c *watchedContext) Done() <-chan struct{} { return c.done }

func (c *watchedContext) AfterFunc(func()) func() bool {
	c.watchers.Add(1)
	var stopped atomic.Bool
	return func() bool {
		if stopped.CompareAndSwap(false, true) {
			c.watchers.Add(-1)
		}
		return true
	}
}

// TestFinishedWaitsForHandlers: nothing runs any more once it is closed.
func TestFinishedWaitsForHandlers(t *testing.T) {
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"sleep": func(context.Context, exchange.Request) error { time.Sleep(time.Minute); return nil },
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "sleep", 1))
		settle()
		from := time.Now()
		p.Close()
		<-p.Ended()
		if time.Since(from) != 0 {
			t.Error("Ended waits for a handler")
		}
		<-p.Finished()
		if time.Since(from) != time.Minute {
			t.Error("Finished does not wait for a handler")
		}
	})
}

// TestCloseRaces: calls and closes of both sides at any time, over every link.
func TestCloseRaces(t *testing.T) {
	for name, l := range links {
		t.Run(name, func(t *testing.T) {
			for i := range 100 {
				t.Run("", func(t *testing.T) {
					parent, child := l.peers(t, setup{handlers: standard, theirs: Terms{Concurrency: 2}, ours: Terms{Concurrency: 2}})
					var calls []<-chan outcome[[]byte]
					for range 4 {
						calls = append(calls, background[[]byte](t.Context(), parent, "func", make([]byte, 30<<10)))
						calls = append(calls, background[[]byte](t.Context(), child, "func", make([]byte, 30<<10)))
					}
					time.Sleep(time.Duration(i) * 5 * time.Microsecond)
					if i%2 == 0 {
						parent.Close()
					} else {
						child.Close()
					}
					for _, call := range calls {
						o := <-call
						var lost *LostError
						if o.err != nil && !errors.As(o.err, &lost) {
							t.Errorf("a call ends with %v", o.err)
						}
						if o.err == nil && len(o.value) != 30<<10 {
							t.Errorf("a call ends with %d bytes", len(o.value))
						}
					}
				})
			}
		})
	}
}
