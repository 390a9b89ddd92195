package peer

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// TestControlOvertakes: a ping does not wait behind what is queued, but for the frame that
// the link is in the midst of.
func TestControlOvertakes(t *testing.T) {
	converse(t, setup{theirs: Terms{Window: 1 << 30}}, func(t *testing.T, p *Peer, r *raw) {
		big := make([]byte, 200<<10)
		background[int](t.Context(), p, "m", big)
		settle()
		small := make([]byte, 100)
		for range 10 {
			background[int](t.Context(), p, "m", small)
			settle()
		}
		p.Send(wire.Ping{Seq: 1})
		if !p.TrySend(wire.Ping{Seq: 2}) {
			t.Error("there is room")
		}
		r.want("what the link is in the midst of", opening(1, end, "m", big))
		r.want("the ping", wire.Ping{Seq: 1})
		for i := range uint64(10) {
			r.want("the calls", opening(2*i+3, end, "m", small))
		}
		r.want("what was sent in turn", wire.Ping{Seq: 2})
	})
}

// TestTrySend drops what would have to wait, and nothing else.
func TestTrySend(t *testing.T) {
	converse(t, setup{side: wire.Child}, func(t *testing.T, p *Peer, r *raw) {
		big := wire.Log{Message: string(make([]byte, 2<<20))}
		if !p.TrySend(big) {
			t.Error("a large message alone is dropped")
		}
		settle()
		sent := 0
		for p.TrySend(wire.Log{Message: "x"}) {
			sent++
			if sent > roomLimit {
				t.Fatal("there is no limit")
			}
		}
		r.want("the large one", big)
		for range sent {
			r.want("all that were taken", wire.Log{Message: "x"})
		}
		r.quiet("and no other")
		if !p.TrySend(wire.Log{Message: "y"}) {
			t.Error("there is room again")
		}
		r.want("the next", wire.Log{Message: "y"})
		if err := p.Err(); err != nil {
			t.Error(err)
		}
	})
}

// TestQueueIsBounded: however many send, only so much is queued, and the rest waits.
func TestQueueIsBounded(t *testing.T) {
	const callers, size = 300, 5000
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		for range callers {
			background[int](t.Context(), p, "m", make([]byte, size))
		}
		settle()
		p.mu.Lock()
		queued, opened := p.out.queued, p.nextID/2
		p.mu.Unlock()
		if queued > roomLimit+2*size || opened == callers {
			t.Errorf("%d bytes of %d calls are queued", queued, opened)
		}
		for range callers {
			r.next("each call in its turn")
		}
		r.quiet("and once")
		if p.out.queued != 0 || p.out.owed != 0 {
			t.Errorf("%d bytes are queued, %d owed", p.out.queued, p.out.owed)
		}
		checkBuffers(t, p)
	})
}

// checkBuffers checks that an idle queue holds on to little.
func checkBuffers(t *testing.T, p *Peer) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.out.frames[:cap(p.out.frames)] {
		if f.payload != nil {
			t.Error("a payload is held")
		}
	}
	for _, b := range p.out.store[:cap(p.out.store)] {
		if cap(b) > copyLimit && &b[:1][0] != &p.out.bytes[:1][0] {
			t.Error("a payload is held in the batch")
		}
	}
	if cap(p.out.bytes) > 2<<20 {
		t.Errorf("a buffer of %d bytes is held", cap(p.out.bytes))
	}
}

// TestTakenBackMakesRoom for those who wait.
func TestTakenBackMakesRoom(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		ctx, cancel := context.WithCancel(t.Context())
		background[int](t.Context(), p, "m", make([]byte, 200<<10)) // fills the link
		settle()
		opened := func() uint64 {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.nextID / 2
		}
		for range 100 {
			background[int](ctx, p, "m", make([]byte, 5000))
		}
		settle()
		full := opened()
		late := background[int](t.Context(), p, "late", 1)
		running(t, "there is no room", late)
		if opened() != full {
			t.Fatal("there was room")
		}
		cancel()
		settle()
		if opened() != full+1 {
			t.Error("what was taken back has made no room")
		}
		if n := p.places.taken.n; n != 2 {
			t.Errorf("%d places are taken; want 2", n)
		}
		r.want("the first", opening(1, end, "m", make([]byte, 200<<10)))
		r.want("the last", opening(2*full+1, end, "late", 1))
		r.quiet("nothing else was sent")
	})
}

// TestTakenBackInTheMidst: the frames around it leave as they are.
func TestTakenBackInTheMidst(t *testing.T) {
	for name, size := range map[string]int{"copied": 300, "by reference": 10_000} {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
				background[int](t.Context(), p, "m", make([]byte, 200<<10)) // fills the link
				settle()
				var cancels []func()
				for i := range 20 {
					ctx, cancel := context.WithCancel(t.Context())
					cancels = append(cancels, cancel)
					background[int](ctx, p, "m", pattern(size, byte(i)))
					settle()
				}
				for i := range 20 {
					if i%3 != 1 {
						cancels[i]()
						settle()
					}
				}
				r.want("the first", opening(1, end, "m", make([]byte, 200<<10)))
				for i := range 20 {
					if i%3 == 1 {
						r.want("one that is wanted", opening(uint64(2*i+3), end, "m", pattern(size, byte(i))))
					}
				}
				r.quiet("nothing else was sent")
				for _, cancel := range cancels {
					cancel()
				}
			})
		})
	}
}

// TestAbandonedValues: values that are queued when their exchange is given up leave as they
// were, from memory that is the sender's again.
func TestAbandonedValues(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		filler := make([]byte, 200<<10)
		background[int](t.Context(), p, "m", filler)
		settle()
		ctx, cancel := context.WithCancel(t.Context())
		x, err := p.Open(ctx, "m", 1)
		if err != nil {
			t.Fatal(err)
		}
		buf := pattern(50_000, 1)
		sent := make(chan error, 1)
		go func() { sent <- x.Send(buf) }()
		settle()
		cancel()
		if err := <-sent; err == nil {
			t.Error("Send succeeds")
		}
		clear(buf)
		_, err = x.Recv()
		wantSent(t, err, true)
		r.want("what filled the link", opening(1, end, "m", filler))
		r.want("the opening", opening(3, 0, "m", 1))
		r.want("the value", more(3, 0, pattern(50_000, 1)))
		r.want("the cancel behind it", wire.Cancel{ID: 3, Reason: "context canceled"})
		r.quiet("that was all")
	})
}

// TestOpenThatIsCancelled before its first value has left.
func TestOpenThatIsCancelled(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		filler := make([]byte, 200<<10)
		background[int](t.Context(), p, "m", filler)
		settle()
		ctx, cancel := context.WithCancel(t.Context())
		opened := make(chan error, 1)
		go func() {
			_, err := p.Open(ctx, "m", make([]byte, 50_000))
			opened <- err
		}()
		settle()
		cancel()
		err := <-opened
		wantSent(t, err, false)
		r.want("what filled the link", opening(1, end, "m", filler))
		r.quiet("that was all")
		if n := p.places.taken.n; n != 1 {
			t.Errorf("%d places are taken", n)
		}
	})
}

// slowWriter is a link whose TryWrite lasts until it is let go, as it may on a busy machine.
type slowWriter struct {
	transport.Conn
	entered, leave chan struct{}
}

func (c *slowWriter) TryWrite(bufs [][]byte) (int, error) {
	c.entered <- struct{}{}
	<-c.leave
	n := 0
	for _, b := range bufs {
		for _, v := range b { // as the system would: the race detector sees it
			n += int(v)*0 + 1
		}
	}
	return n, nil
}

// TestPayloadIsTheCallersAgain: nobody reads it once Send or Call has returned, however they
// have ended.
func TestPayloadIsTheCallersAgain(t *testing.T) {
	ends := map[string]func(p *Peer, cancel func()){
		"cancel": func(_ *Peer, cancel func()) { cancel() },
		"close":  func(p *Peer, _ func()) { p.Close() },
		"both":   func(p *Peer, cancel func()) { p.Close(); cancel() },
	}
	for name, finish := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := transport.Pair()
				conn := &slowWriter{Conn: a, entered: make(chan struct{}, 100), leave: make(chan struct{})}
				p := setup{}.start(conn)
				t.Cleanup(func() { b.Close(); p.Close(); <-p.Finished(); checkOver(t, p) })
				go p.Send(wire.Ping{})
				<-conn.entered
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()

				in := make([]byte, 100<<10)
				call := background[int](ctx, p, "m", in)
				settle()
				conn.leave <- struct{}{} // the ping, whose sender goes on with the call's frame
				<-conn.entered
				finish(p, cancel)
				running(t, "its payload is being written", call)
				close(conn.leave)
				if o := <-call; o.err == nil {
					t.Error("the call succeeds")
				}
				clear(in)
			})
		})
	}
}

// TestReusedBuffers: the sender writes into its buffer as soon as it has it back, and what
// arrives is whole all the same.
func TestReusedBuffers(t *testing.T) {
	overLinks(t, setup{handlers: standard}, func(t *testing.T, parent, child *Peer) {
		done := make(chan struct{}, 8)
		for worker := range 8 {
			p := []*Peer{parent, child}[worker%2]
			go func() {
				defer func() { done <- struct{}{} }()
				buf := make([]byte, 60<<10)
				var out []byte
				for i := range 100 {
					in := buf[:1+(i*7919)%len(buf)]
					want := pattern(len(in), byte(i+worker))
					copy(in, want)
					ctx, cancel := context.WithCancel(context.Background())
					if i%3 == 0 {
						go cancel()
					}
					err := p.Call(ctx, "func", in, &out)
					clear(buf)
					cancel()
					if err == nil && !bytes.Equal(out, want) {
						t.Errorf("%d bytes come back torn", len(want))
						return
					}
					if err != nil && ctx.Err() == nil {
						t.Error(err)
						return
					}
				}
			}()
		}
		for range cap(done) {
			<-done
		}
		eventually(t, func() bool { return settled(parent) && settled(child) })
		checkIdle(t, parent)
		checkIdle(t, child)
	})
}
