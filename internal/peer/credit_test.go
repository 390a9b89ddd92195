package peer

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// TestSendingStopsWithoutCredit: a frame may leave while the balance is above 0, however
// long it is; the opening Input takes none.
func TestSendingStopsWithoutCredit(t *testing.T) {
	s := setup{theirs: Terms{Window: 1000}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		big := make([]byte, 5000)
		x, err := p.Open(t.Context(), "m", big)
		if err != nil {
			t.Fatal(err)
		}
		r.want("the opening", opening(1, 0, "m", big))
		sent := 0
		go func() {
			for x.Send(make([]byte, 991-sent)) == nil { // a frame of 1000 bytes, and then of 999
				sent++
			}
		}()
		r.want("the window, to the last byte", more(1, 0, make([]byte, 991)))
		r.quiet("the balance is 0")
		r.send(wire.Credit{ID: 1, Bytes: 1})
		r.want("a balance of 1 will do", more(1, 0, make([]byte, 990)))
		r.quiet("the balance is -998")
		r.send(wire.Credit{ID: 1, Bytes: 998})
		r.quiet("the balance is 0")
		r.send(wire.Credit{ID: 1, Bytes: 1})
		r.want("the balance is 1", more(1, 0, make([]byte, 989)))
		if got := length(more(1, 0, make([]byte, 991))); got != 1000 {
			t.Fatalf("the test counts wrongly: %d", got)
		}
	})
}

// TestTheEndNeedsCredit, be it empty; an ERROR does not.
func TestTheEndNeedsCredit(t *testing.T) {
	boom := errors.New("no")
	s := setup{side: wire.Child, theirs: Terms{Window: 1}, handlers: exchange.Handlers{
		"fine": func(_ context.Context, r exchange.Request) error { return r.Send(1) },
		"fail": func(_ context.Context, r exchange.Request) error { r.Send(1); return boom },
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "fine", nil))
		r.want("the window is used up by it", output(1, 0, 1))
		r.quiet("the end waits")
		r.send(opening(3, end, "fail", nil))
		r.want("the window is used up by it", output(3, 0, 1))
		r.want("an error does not wait", failure(3, wire.CodeFailed, "no"))
		r.send(wire.Credit{ID: 1, Bytes: int64(length(output(1, 0, 1)))})
		r.want("the end", output(1, end|empty, nil))
		checkIdle(t, p)
	})
}

func TestGrants(t *testing.T) {
	const window = 1000
	s := setup{ours: Terms{Window: window}}
	frame := func(v any) message { return output(1, 0, v) }
	half := output(1, 0, bytesFor(window/2, frame))
	less := output(1, 0, bytesFor(window/2-1, frame))
	tiny := output(1, empty, nil)
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		x, err := p.Open(t.Context(), "m", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.want("the opening", opening(1, 0, "m", nil))
		r.send(half)
		r.quiet("nothing is consumed yet")
		x.Recv()
		r.want("half the window is consumed", wire.Credit{ID: 1, Bytes: int64(length(half))})
		r.send(less)
		x.Recv()
		r.quiet("less than half the window")
		r.send(tiny)
		r.want("an EMPTY frame is consumed as it comes", wire.Credit{ID: 1, Bytes: int64(length(less) + length(tiny))})
		r.send(half)
		r.send(output(1, end, 1))
		r.quiet("the end comes before anything is consumed")
		x.Recv()
		x.Recv()
		r.quiet("nothing is granted behind the end")
		checkIdle(t, p)
	})
}

// TestHandlersGrants is about the other direction, and what nobody needs after the end.
func TestHandlersGrants(t *testing.T) {
	const window = 100
	next := make(chan func(r exchange.Request))
	s := setup{side: wire.Child, ours: Terms{Window: window}, handlers: exchange.Handlers{
		"m": func(_ context.Context, r exchange.Request) error {
			for f := range next {
				f(r)
			}
			return nil
		},
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		next = make(chan func(exchange.Request))
		recv := func(r exchange.Request) { r.Recv() }
		big := more(1, 0, make([]byte, 60))
		r.send(opening(1, 0, "m", make([]byte, 500)))
		r.send(big)
		next <- recv
		r.quiet("an opening Input does not count")
		next <- recv
		r.want("a continuing one does", wire.Credit{ID: 1, Bytes: int64(length(big))})
		r.send(big)
		next <- func(r exchange.Request) { r.Reply(1) }
		r.want("the end", output(1, end, 1))
		next <- recv
		r.quiet("nothing is granted after the end")
		close(next)
	})
}

// TestDiscardedIsGrantedAtOnce: what comes for nobody does not stop the other side.
func TestDiscardedIsGrantedAtOnce(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		x, _ := p.Open(t.Context(), "m", nil)
		r.want("the opening", opening(1, 0, "m", nil))
		unread := output(1, 0, make([]byte, 100))
		r.send(unread)
		r.send(unread)
		settle()
		x.Close()
		r.want("what lay unread", wire.Credit{ID: 1, Bytes: 2 * int64(length(unread))})
		r.want("the cancel", wire.Cancel{ID: 1, Reason: "context canceled"})
		r.send(output(1, 0, 1))
		r.want("what came late", wire.Credit{ID: 1, Bytes: int64(length(output(1, 0, 1)))})
		r.send(output(1, end, 1))
		r.quiet("nothing behind the end")
	})
}

func TestCreditSaturates(t *testing.T) {
	s := setup{theirs: Terms{Window: wire.MaxCredit}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		x, _ := p.Open(t.Context(), "m", nil)
		r.want("the opening", opening(1, 0, "m", nil))
		for range 100 {
			r.send(wire.Credit{ID: 1, Bytes: wire.MaxCredit})
		}
		settle()
		if b := x.(opened).out.balance; b != wire.MaxCredit {
			t.Errorf("the balance is %d", b)
		}
		if err := x.Send(1); err != nil {
			t.Error(err)
		}
		r.want("sending goes on", more(1, 0, 1))
	})
}

func TestSendingWithoutCreditIsFatal(t *testing.T) {
	const window = 100
	frame := func(v any) message { return output(1, 0, v) }
	full := output(1, 0, bytesFor(window, frame))
	if length(full) != window {
		t.Fatalf("the test counts wrongly: %d", length(full))
	}
	for name, last := range map[string]wire.Output{"a value": output(1, 0, 1), "the end": output(1, end|empty, nil), "nothing": output(1, empty, nil)} {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{ours: Terms{Window: window}}, func(t *testing.T, p *Peer, r *raw) {
				p.Open(t.Context(), "m", nil)
				r.want("the opening", opening(1, 0, "m", nil))
				r.send(full)
				settle()
				if p.Err() != nil {
					t.Fatalf("the window may be used to the last byte: %v", p.Err())
				}
				r.send(last)
				wantViolation(t, p, wire.RuleCredit)
			})
		})
	}
	t.Run("an error", func(t *testing.T) {
		converse(t, setup{ours: Terms{Window: window}}, func(t *testing.T, p *Peer, r *raw) {
			x, _ := p.Open(t.Context(), "m", nil)
			r.want("the opening", opening(1, 0, "m", nil))
			r.send(full)
			r.send(failure(1, "mine", "no"))
			if _, err := x.Recv(); err != nil {
				t.Errorf("what came before the error: %v", err)
			}
			_, err := x.Recv()
			wantCode(t, err, "mine")
			checkIdle(t, p)
		})
	})
	t.Run("one more from the opener", func(t *testing.T) {
		s := setup{side: wire.Child, ours: Terms{Window: window}, handlers: standard}
		converse(t, s, func(t *testing.T, p *Peer, r *raw) {
			r.send(opening(1, 0, "hang", make([]byte, 1000)))
			r.send(more(1, 0, make([]byte, 1000))) // below 0, if need be
			settle()
			if p.Err() != nil {
				t.Fatalf("a frame may be longer than the balance: %v", p.Err())
			}
			r.send(more(1, 0, 1))
			wantViolation(t, p, wire.RuleCredit)
		})
	})
	t.Run("an exchange that was given up", func(t *testing.T) {
		converse(t, setup{ours: Terms{Window: window}}, func(t *testing.T, p *Peer, r *raw) {
			x, _ := p.Open(t.Context(), "m", nil)
			r.want("the opening", opening(1, 0, "m", nil))
			x.Close()
			r.want("the cancel", wire.Cancel{ID: 1, Reason: "context canceled"})
			for range 10 {
				r.send(full)
				r.want("discarded bytes are granted", wire.Credit{ID: 1, Bytes: int64(length(full))})
			}
			r.send(full)
			r.send(full)
			r.send(full)
			settle()
			if p.Err() != nil {
				t.Errorf("what is discarded uses no balance up: %v", p.Err())
			}
		})
	})
}

// TestWindows is about windows of every size, over every link.
func TestWindows(t *testing.T) {
	for name, window := range map[string]int{"tiny": 1, "small": 100, "huge": wire.MaxCredit} {
		t.Run(name, func(t *testing.T) {
			s := setup{handlers: standard, ours: Terms{Window: window}, theirs: Terms{Window: window}}
			overLinks(t, s, func(t *testing.T, parent, child *Peer) {
				for _, p := range []*Peer{parent, child} {
					x, err := p.Open(t.Context(), "echo", exchange.None)
					if err != nil {
						t.Fatal(err)
					}
					sent := make(chan error, 1)
					go func() {
						for i := range 300 {
							if x.Send(pattern(i*10, byte(i))) != nil {
								break
							}
						}
						sent <- x.CloseSend()
					}()
					i := 0
					for v, err := range exchange.Values[[]byte](x) {
						if err != nil || string(v) != string(pattern(i*10, byte(i))) {
							t.Fatalf("value %d: %d bytes, %v", i, len(v), err)
						}
						i++
					}
					if err := <-sent; err != nil || i != 300 {
						t.Errorf("%d values have come back, %v", i, err)
					}
				}
			})
		})
	}
}

// TestUnreadWithoutCredit: the peer always reads, and keeps only so much of it.
func TestUnreadWithoutCredit(t *testing.T) {
	without := []wire.Feature{wire.FeatureCancel, wire.FeatureHostCall}
	part := make([]byte, 1<<20-5) // a payload of 1 MiB
	t.Run("up to the limit", func(t *testing.T) {
		converse(t, setup{features: without}, func(t *testing.T, p *Peer, r *raw) {
			x, _ := p.Open(t.Context(), "m", nil)
			r.want("the opening", opening(1, 0, "m", nil))
			for range 4 {
				r.send(output(1, 0, part))
			}
			r.send(output(1, end|empty, nil))
			settle()
			n := 0
			for _, err := range exchange.Values[[]byte](x) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if n != 4 {
				t.Errorf("%d values have come", n)
			}
		})
	})
	t.Run("one value alone", func(t *testing.T) {
		converse(t, setup{features: without}, func(t *testing.T, p *Peer, r *raw) {
			call := background[[]byte](t.Context(), p, "m", nil)
			r.want("the call", opening(1, end, "m", nil))
			r.send(output(1, end, make([]byte, 8<<20)))
			if o := <-call; o.err != nil || len(o.value) != 8<<20 {
				t.Errorf("%d bytes, %v", len(o.value), o.err)
			}
		})
	})
	floods := map[string]wire.Output{
		"large values":   output(1, 0, part),
		"small values":   output(1, 0, 1),
		"missing values": {ID: 1},
	}
	for name, out := range floods {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{features: without}, func(t *testing.T, p *Peer, r *raw) {
				x, _ := p.Open(t.Context(), "m", nil)
				r.want("the opening", opening(1, 0, "m", nil))
				var many []byte
				for len(many) < 1<<20 {
					many = out.Append(many)
				}
				n, body := 0, r.ask()
				for ; len(body) == 0; n++ {
					if n > 2000 {
						t.Fatal("there is no limit")
					}
					r.write(many)
					settle()
					if kept := retained(x); kept > 10<<20 {
						t.Fatalf("%d bytes are kept", kept)
					}
				}
				r.want("it is given up", wire.Cancel{ID: 1, Reason: "more than 4194304 bytes lie unread"})
				r.write(many)
				r.send(output(1, end, 1))
				_, err := x.Recv()
				wantCode(t, err, wire.CodeOverloaded)
				wantSent(t, err, true) // whatever else overloaded promises
				settle()
				checkIdle(t, p)
			})
		})
	}
	t.Run("values with much around them", func(t *testing.T) {
		converse(t, setup{features: without}, func(t *testing.T, p *Peer, r *raw) {
			x, _ := p.Open(t.Context(), "m", nil)
			r.want("the opening", opening(1, 0, "m", nil))
			meta := append([]byte{0x81}, append(encoded("a.b"), encoded(part)...)...)
			frame := wire.Output{ID: 1, Meta: meta, Payload: encoded(1)}.Append(nil)
			r.write(frame) // the link's own buffers grow
			settle()
			before := heap()
			for range 20 {
				r.write(frame)
			}
			settle()
			if grown := heap() - before; grown > 5<<20 {
				t.Fatalf("%d bytes are kept of 20 values of a byte", grown)
			}
			if v, err := x.Recv(); err != nil || string(v) != string(encoded(1)) {
				t.Errorf("%q, %v", v, err)
			}
		})
	})
	t.Run("a handler's", func(t *testing.T) {
		s := setup{features: without, handlers: standard}
		converse(t, s, func(t *testing.T, p *Peer, r *raw) {
			r.send(opening(2, empty, "hang", nil))
			for range 5 {
				r.send(more(2, 0, part))
			}
			r.wantError("the handler has run, so it is not overloaded", 2, wire.CodeFailed)
			r.send(more(2, 0, part))
			r.quiet("it has ended")
			if n := p.Ignored(); n != 1 {
				t.Errorf("%d messages are counted as ignored", n)
			}
		})
	})
}

// heap is how much memory is in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// retained is how much memory the values take that lie unread in an exchange.
func retained(x exchange.Exchange) int {
	s := x.(opened).stream
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	n := cap(s.in.queue.list) * 32
	for _, v := range s.in.queue.waiting() {
		n += cap(v.payload)
	}
	return n
}

// TestCreditFeatureOff: nobody counts.
func TestCreditFeatureOff(t *testing.T) {
	s := setup{features: []wire.Feature{}, ours: Terms{Window: 10}, theirs: Terms{Window: 10}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		x, _ := p.Open(t.Context(), "m", nil)
		r.want("the opening", opening(1, 0, "m", nil))
		for range 10 {
			x.Send(make([]byte, 100))
			r.want("no credit is needed", more(1, 0, make([]byte, 100)))
			r.send(output(1, 0, make([]byte, 100)))
			x.Recv()
		}
		r.quiet("and none is granted")
	})
}
