package peer

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// TestBothSendMuch: both sides send a megabyte at once in many exchanges, over every link.
// Nobody waits for the other for ever, and all arrives as it was.
func TestBothSendMuch(t *testing.T) {
	overLinks(t, setup{handlers: standard}, func(t *testing.T, parent, child *Peer) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var all sync.WaitGroup
		for i := range 8 {
			for _, p := range []*Peer{parent, child} {
				all.Go(func() {
					in := pattern(1<<20, byte(i)+byte(p.side)*100)
					out, err := exchange.Call[[]byte](ctx, p, "func", in)
					if err != nil || !bytes.Equal(in, out) {
						t.Errorf("the %v's call %d: %d bytes, %v", p.side, i, len(out), err)
					}
				})
				all.Go(func() {
					x, err := p.Open(ctx, "echo", exchange.None)
					if err != nil {
						t.Error(err)
						return
					}
					all.Go(func() {
						for part := range 16 {
							if err := x.Send(pattern(64<<10, byte(i+part))); err != nil {
								t.Error(err)
							}
						}
						x.CloseSend()
					})
					part := 0
					for v, err := range exchange.Values[[]byte](x) {
						if err != nil || !bytes.Equal(v, pattern(64<<10, byte(i+part))) {
							t.Errorf("the %v's stream %d, part %d: %d bytes, %v", p.side, i, part, len(v), err)
						}
						part++
					}
					if part != 16 {
						t.Errorf("the %v's stream %d has %d parts", p.side, i, part)
					}
				})
			}
		}
		all.Wait()
		checkIdle(t, parent)
		checkIdle(t, child)
	})
}

// TestSlowConsumer takes a message a second of a stream that could be much faster. What is
// kept on the way is bounded, and pings pass at once.
func TestSlowConsumer(t *testing.T) {
	const size, messages = 16 << 10, 4096 // 64 MiB, and more than an hour
	synctest.Test(t, func(t *testing.T) {
		var child *Peer
		var sent, produced atomic.Int64
		pong := make(chan uint64, 1)
		parent, child := link(inMemory).peersWith(t,
			setup{control: func(m wire.Message) error {
				v, err := m.Pong()
				pong <- v.Seq
				return err
			}},
			setup{
				control: func(m wire.Message) error {
					v, err := m.Ping()
					child.Send(wire.Pong{Seq: v.Seq})
					return err
				},
				handlers: exchange.Handlers{"produce": func(_ context.Context, r exchange.Request) error {
					chunk := make([]byte, size)
					for range messages {
						if err := r.Send(chunk); err != nil {
							return err
						}
						produced.Add(1)
					}
					return nil
				}},
			})
		x, err := parent.Open(t.Context(), "produce", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		for i := range int64(messages) {
			settle()
			from := time.Now()
			parent.Send(wire.Ping{Seq: uint64(i)})
			if seq := <-pong; seq != uint64(i) || time.Since(from) != 0 {
				t.Fatalf("the ping %d is answered as %d, after %v", i, seq, time.Since(from))
			}
			if kept := retained(x); kept > 2*wire.DefaultWindow {
				t.Fatalf("%d bytes lie unread", kept)
			}
			if ahead := produced.Load() - sent.Load(); ahead*size > 2*wire.DefaultWindow {
				t.Fatalf("the producer is %d messages ahead", ahead)
			}
			if q := queuedIn(child) + queuedIn(parent); q > wire.DefaultWindow {
				t.Fatalf("%d bytes are queued", q)
			}
			time.Sleep(time.Second)
			if _, err := x.Recv(); err != nil {
				t.Fatal(err)
			}
			sent.Add(1)
		}
	})
}

func queuedIn(p *Peer) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.queued + len(p.out.urgent)
}

// TestManySlowConsumers stall, and a call in between is answered at once.
func TestManySlowConsumers(t *testing.T) {
	overLinks(t, setup{handlers: exchange.Handlers{
		"func": standard["func"],
		"produce": func(_ context.Context, r exchange.Request) error {
			for {
				if err := r.Send(make([]byte, 10<<10)); err != nil {
					return err
				}
			}
		},
	}}, func(t *testing.T, parent, child *Peer) {
		var streams []exchange.Exchange
		for range 50 {
			x, err := parent.Open(t.Context(), "produce", nil)
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, x)
		}
		for i := range 100 {
			if v, err := exchange.Call[int](t.Context(), parent, "func", i); v != i || err != nil {
				t.Fatal(v, err)
			}
		}
		for _, x := range streams {
			if kept := retained(x); kept > 2*wire.DefaultWindow {
				t.Errorf("%d bytes lie unread", kept)
			}
			x.Close()
		}
		eventually(t, func() bool { return settled(parent) && settled(child) })
	})
}

// TestReaderThatStops: a peer that takes a frame a second loses nothing, and is heard.
func TestReaderThatStops(t *testing.T) {
	var heard atomic.Bool
	s := setup{handlers: exchange.Handlers{"m": func(context.Context, exchange.Request) error { heard.Store(true); return nil }}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		const calls, size = 100, 20_000
		for range calls {
			background[int](t.Context(), p, "m", make([]byte, size))
			settle()
		}
		r.send(opening(2, end, "m", nil))
		settle()
		if !heard.Load() {
			t.Error("who can't send does not receive either")
		}
		var all []message
		for i := range calls {
			all = append(all, opening(uint64(2*i+1), end, "m", make([]byte, size)))
		}
		all = append(all, output(2, end|empty, nil))
		from := time.Now()
		for range all {
			time.Sleep(time.Second)
			all = r.wantOneOf("a frame a second", all)
		}
		r.quiet("that was all")
		if d := time.Since(from); d != (calls+1)*time.Second {
			t.Errorf("it has taken %v", d)
		}
	})
}

// TestCancelledCalls: 10,000 calls are cancelled at any time. Each ends once, no request is
// sent that was said not to be, and nothing is left.
func TestCancelledCalls(t *testing.T) {
	calls := 10_000
	if testing.Short() {
		calls = 1000
	}
	for name, l := range links {
		t.Run(name, func(t *testing.T) { cancelledCalls(t, l, calls) })
	}
}

func cancelledCalls(t *testing.T, l link, calls int) {
	random := newRandom(t)
	ran := make([]atomic.Int32, calls)
	unsent := make([]atomic.Bool, calls) // as its caller was told
	mark := func(ctx context.Context, r exchange.Request) (id int, err error) {
		v, err := r.Recv()
		if err != nil {
			return 0, err
		}
		var in []any
		if err := v.Decode(&in); err != nil {
			return 0, err
		}
		id = int(in[0].(int64))
		ran[id].Add(1)
		return id, nil
	}
	handlers := exchange.Handlers{
		"fast": func(ctx context.Context, r exchange.Request) error {
			id, err := mark(ctx, r)
			if err != nil {
				return err
			}
			return r.Reply(id)
		},
		"slow": func(ctx context.Context, r exchange.Request) error {
			id, err := mark(ctx, r)
			if err != nil {
				return err
			}
			select {
			case <-time.After(time.Duration(id%7) * time.Millisecond):
			case <-ctx.Done():
			}
			return r.Reply(id)
		},
		"hang": func(ctx context.Context, r exchange.Request) error {
			if _, err := mark(ctx, r); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		},
	}
	parent, child := l.peersWith(t, setup{theirs: Terms{Concurrency: 20}}, setup{ours: Terms{Concurrency: 20}, handlers: handlers})
	var all sync.WaitGroup
	var ended, succeeded, notSent atomic.Int32
	slots := make(chan struct{}, 200)
	for i := range calls {
		method := []string{"fast", "slow", "hang"}[random.IntN(3)]
		wait := time.Duration(random.IntN(3000)) * time.Microsecond
		size := []int{1, 100, 20_000}[random.IntN(3)]
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithCancel(t.Context())
			timer := time.AfterFunc(wait, cancel)
			defer timer.Stop()
			defer cancel()
			id, err := exchange.Call[int](ctx, parent, method, []any{i, make([]byte, size)})
			ended.Add(1)
			n := ran[i].Load()
			var said *wire.Error
			switch {
			case err == nil && (id != i || n != 1):
				t.Errorf("call %d succeeds with %d; its handler has run %d times", i, id, n)
			case err == nil:
				succeeded.Add(1)
			case errors.Is(err, wire.ErrNotSent):
				notSent.Add(1)
				unsent[i].Store(true)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("call %d ends with %v", i, err)
				}
			case !errors.Is(err, context.Canceled) && !(errors.As(err, &said) && said.Code == wire.CodeCanceled):
				t.Errorf("call %d ends with %v", i, err)
			}
		})
	}
	all.Wait()
	if n := int(ended.Load()); n != calls {
		t.Errorf("%d calls have ended", n)
	}
	eventually(t, func() bool { return settled(parent) && settled(child) })
	for i := range ran {
		if n := ran[i].Load(); n > 1 {
			t.Errorf("the handler of call %d has run %d times", i, n)
		} else if n > 0 && unsent[i].Load() {
			t.Errorf("call %d was not sent, and its handler has run", i)
		}
	}
	checkIdle(t, parent)
	checkIdle(t, child)
	t.Logf("%d calls: %d succeeded, %d were never sent", calls, succeeded.Load(), notSent.Load())
}
