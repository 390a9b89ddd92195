package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

func TestStreamOnTheWire(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		x, err := p.Open(t.Context(), "echo", 1)
		if err != nil {
			t.Fatal(err)
		}
		r.want("the first value opens", opening(1, 0, "echo", 1))
		x.Send(2)
		r.want("one more", more(1, 0, 2))
		r.send(output(1, 0, "a"))
		r.send(output(1, empty, nil)) // meta alone, as it were
		r.send(output(1, 0, "b"))
		for _, want := range []string{"a", "b"} {
			var got string
			if v, err := x.Recv(); err != nil || v.Decode(&got) != nil || got != want {
				t.Errorf("Recv: %q, %v; want %q", got, err, want)
			}
		}
		if err := x.CloseSend(); err != nil {
			t.Error(err)
		}
		r.want("the end of this direction", more(1, end|empty, nil))
		if err := x.Send(3); err == nil || err == io.EOF {
			t.Errorf("Send after CloseSend: %v", err)
		}
		if err := x.CloseSend(); err != nil {
			t.Errorf("CloseSend twice: %v", err)
		}
		r.send(output(1, 0, "c")) // this direction goes on
		r.send(output(1, end, "d"))
		for _, want := range []string{"c", "d"} {
			if v, err := x.Recv(); err != nil || !bytes.Equal(v, encoded(want)) {
				t.Errorf("Recv: %q, %v; want %q", v, err, want)
			}
		}
		for range 2 {
			if _, err := x.Recv(); err != io.EOF {
				t.Errorf("Recv after the last value: %v", err)
			}
		}
		x.Close()
		r.quiet("all is over")
		checkIdle(t, p)
	})
}

func TestOpenWithoutAValue(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		x, err := p.Open(t.Context(), "m", exchange.None)
		if err != nil {
			t.Fatal(err)
		}
		r.want("no value", opening(1, empty, "m", nil))
		r.send(failure(1, "mine", "no"))
		_, err = x.Recv()
		wantCode(t, err, "mine")
		if err := x.Send(1); err != io.EOF {
			t.Errorf("Send after the other side's end: %v; want io.EOF", err)
		}
		if err := x.CloseSend(); err != nil && err != io.EOF {
			t.Errorf("CloseSend after the other side's end: %v", err)
		}
		r.quiet("nothing follows the end")
	})
}

func TestAnswererOfStream(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, empty, "echo", nil))
		r.quiet("no value, no answer")
		r.send(more(1, 0, "a"))
		r.want("the answer to the first", output(1, 0, "a"))
		r.send(more(1, empty, nil))
		r.quiet("no value again")
		r.send(more(1, 0, nil))
		r.want("nil is a value", output(1, 0, nil))
		r.send(more(1, 0, []byte{}))
		r.want("so are no bytes", output(1, 0, []byte{}))
		r.send(more(1, end, "b"))
		r.want("the answer to the last", output(1, 0, "b"))
		r.want("the end", output(1, end|empty, nil))
		checkIdle(t, p)
	})
}

// TestErrorOnContinuingInput: it fails the handler's read, and Outputs run to their own END.
func TestErrorOnContinuingInput(t *testing.T) {
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"m": func(ctx context.Context, r exchange.Request) error {
			for {
				if _, err := r.Recv(); err != nil {
					var said *wire.Error
					if !errors.As(err, &said) || ctx.Err() != nil {
						return errors.New("not as it should be")
					}
					r.Send(said.Code)
					return r.Reply("all the same")
				}
			}
		},
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, 0, "m", 1))
		r.send(wire.Input{ID: 1, Flags: wire.FlagError, Payload: wire.Errorf("mine", "").Append(nil)})
		r.want("the handler has read the error", output(1, 0, "mine"))
		r.want("and goes on", output(1, end, "all the same"))
		checkIdle(t, p)
	})
}

// TestStreams goes through all kinds of exchange over every link, from both sides.
func TestStreams(t *testing.T) {
	handlers := exchange.Handlers{
		"echo":  standard["echo"],
		"count": standard["count"],
		"upto": exchange.Stream(func(_ context.Context, n int) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for i := range n {
					if !yield(i, nil) {
						return
					}
				}
			}
		}),
	}
	overLinks(t, setup{handlers: handlers}, func(t *testing.T, parent, child *Peer) {
		for _, p := range []*Peer{parent, child} {
			x, err := p.Open(t.Context(), "upto", 10000)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for v, err := range exchange.Values[int](x) {
				if err != nil || v != n {
					t.Fatalf("%d, %v; want %d", v, err, n)
				}
				n++
			}
			if n != 10000 {
				t.Errorf("%d values have come", n)
			}

			x, err = p.Open(t.Context(), "count", exchange.None)
			if err != nil {
				t.Fatal(err)
			}
			for range 100 {
				if err := x.Send(make([]byte, 20000)); err != nil {
					t.Fatal(err)
				}
			}
			x.CloseSend()
			if v, err := x.Recv(); err != nil || v.Decode(&n) != nil || n != 100*20000 {
				t.Errorf("%d bytes have come, %v", n, err)
			}
			x.Close()

			x, err = p.Open(t.Context(), "echo", pattern(100, 0))
			if err != nil {
				t.Fatal(err)
			}
			sent := make(chan error, 1)
			go func() {
				for i := 1; i < 200; i++ {
					if err := x.Send(pattern(i*500, byte(i))); err != nil {
						sent <- err
						return
					}
				}
				sent <- x.CloseSend()
			}()
			i := 0
			for v, err := range exchange.Values[[]byte](x) {
				want := pattern(i*500, byte(i))
				if i == 0 {
					want = pattern(100, 0)
				}
				if err != nil || !bytes.Equal(v, want) {
					t.Fatalf("value %d: %d bytes, %v", i, len(v), err)
				}
				i++
			}
			if err := <-sent; err != nil || i != 200 {
				t.Errorf("%d values have come back, %v", i, err)
			}
		}
		checkIdle(t, parent)
		checkIdle(t, child)
	})
}

// TestReceivedValuesAreTheCallers: no later frame writes into what has been received.
func TestReceivedValuesAreTheCallers(t *testing.T) {
	var kept [][]byte
	s := setup{handlers: exchange.Handlers{
		"keep": func(_ context.Context, r exchange.Request) error {
			for {
				v, err := r.Recv()
				if err != nil {
					return nil
				}
				b, _ := v.Bin()
				kept = append(kept, b)
				if err := r.Send(b); err != nil {
					return err
				}
			}
		},
		"meta": func(_ context.Context, r exchange.Request) error {
			meta := r.Meta()
			for {
				if _, err := r.Recv(); err != nil {
					return r.Reply(bytes.Clone(meta))
				}
			}
		},
	}}
	converse(t, setup{side: wire.Child, handlers: s.handlers}, func(t *testing.T, p *Peer, r *raw) {
		in := opening(1, 0, "meta", 1)
		in.Meta = append([]byte{0x81}, append(encoded("a.b"), encoded("value")...)...)
		r.send(in)
		for range 100 {
			r.send(more(1, 0, bytes.Repeat([]byte{0xff}, 200)))
		}
		r.send(more(1, end, 1))
		r.want("the meta of the opening Input", output(1, end, []byte(in.Meta)))
	})
	s.ours.Window, s.theirs.Window = 1<<30, 1<<30 // nothing is received before all is sent
	parent, _ := link(inMemory).peers(t, s)
	x, err := parent.Open(t.Context(), "keep", pattern(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	var back [][]byte
	buf := make([]byte, 100<<10)
	for i := range 400 {
		// The buffer is the sender's again as soon as Send has returned.
		size := i * 37
		if i%40 == 39 {
			size = len(buf)
		}
		copy(buf, pattern(size, byte(i)))
		if err := x.Send(buf[:size]); err != nil {
			t.Fatal(err)
		}
		clear(buf)
	}
	x.CloseSend()
	for v, err := range exchange.Values[[]byte](x) {
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, v)
	}
	for name, values := range map[string][][]byte{"handler": kept, "opener": back} {
		if len(values) != 401 {
			t.Fatalf("the %s has received %d values", name, len(values))
		}
		for i, v := range values[1:] {
			size := i * 37
			if i%40 == 39 {
				size = len(buf)
			}
			if !bytes.Equal(v, pattern(size, byte(i))) {
				t.Fatalf("value %d of the %s is torn", i, name)
			}
		}
	}
}

// TestLast: a value and the end of its direction in one frame.
func TestLast(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		x, err := p.Open(t.Context(), "m", exchange.Last{Value: []byte{1}})
		if err != nil {
			t.Fatal(err)
		}
		r.want("the only value", opening(1, end, "m", []byte{1}))
		if err := x.Send(2); err == nil || err == io.EOF {
			t.Errorf("Send after the last value: %v", err)
		}
		if err := x.CloseSend(); err != nil {
			t.Errorf("CloseSend after the last value: %v", err)
		}
		r.send(output(1, end|empty, nil))
		if _, err := x.Recv(); err != io.EOF {
			t.Error(err)
		}

		p.Open(t.Context(), "m", exchange.Last{Value: exchange.None})
		r.want("no value at all", opening(3, end|empty, "m", nil))
		r.send(output(3, end|empty, nil))

		x, _ = p.Open(t.Context(), "m", exchange.None)
		r.want("the opening", opening(5, empty, "m", nil))
		x.Send(1)
		r.want("a value", more(5, 0, 1))
		x.Send(exchange.Last{Value: 2})
		r.want("the last one", more(5, end, 2))
		r.send(output(5, end|empty, nil))
		settle()
		checkIdle(t, p)
	})
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"m": func(_ context.Context, r exchange.Request) error {
			r.Send(1)
			r.Send(exchange.Last{Value: 2})
			return errors.New("of no account")
		},
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "m", nil))
		r.want("a value", output(1, 0, 1))
		r.want("the last one", output(1, end, 2))
		r.quiet("that was all")
		checkIdle(t, p)
	})
}
