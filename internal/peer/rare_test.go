package peer

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// What is rare enough to have been missed once.

// TestRecvIntoWhileMoreArrives receives large values, in two memories by turns, while another
// goroutine reads the link: each value stays whole where it was received.
func TestRecvIntoWhileMoreArrives(t *testing.T) {
	const n, size = 60, 300 << 10
	wide := Terms{Window: 32 << 20}
	s := setup{ours: wide, theirs: wide, handlers: exchange.Handlers{
		"hang": standard["hang"],
		"values": func(_ context.Context, r exchange.Request) error {
			for i := range n {
				if err := r.Send(bytes.Repeat([]byte{byte(i)}, size)); err != nil {
					return err
				}
			}
			return nil
		},
	}}
	overLinks(t, s, func(t *testing.T, parent, _ *Peer) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		x, err := parent.Open(ctx, "values", nil)
		if err != nil {
			t.Fatal(err)
		}
		go parent.Call(ctx, "hang", nil, nil) // reads while nobody else does
		memory := [2][]byte{make([]byte, 0, size), make([]byte, 0, size)}
		for i := range n {
			into := &memory[i%2]
			if err := x.RecvInto(into); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				time.Sleep(200 * time.Microsecond) // so that the other reads now and then
			}
			if len(*into) != size || bytes.Count(*into, []byte{byte(i)}) != size {
				t.Fatalf("value %d has %d bytes, %d of them right", i, len(*into), bytes.Count(*into, []byte{byte(i)}))
			}
		}
	})
}

// TestUrgentIsBounded lets the link take a byte now and then while ever more urgent messages
// are queued.
func TestUrgentIsBounded(t *testing.T) {
	s := sender{maxFrame: 1 << 20, failed: func(error) {}, wake: func(*waiter) {}}
	large := make([]byte, 1<<19)
	s.bytes = wire.AppendOutputHead(nil, 1, 0, nil, len(large))
	if _, err := s.commitLocked(0, value{raw: large}, byRoom); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		for range 100_000 {
			s.urgentLocked(wire.Ping{Seq: 1})
		}
		if s.nextBatchLocked() {
			s.advanceLocked(1)
		}
		if held := size(s.batch) + len(s.urgent); held > len(large)+3*owedLimit {
			t.Fatalf("%d bytes are held", held)
		}
	}
	if s.err != errNotReading {
		t.Errorf("the link has not failed: %v", s.err)
	}
}

// TestTwoSendersOfARequest has two goroutines of a handler send what the link does not take,
// until the caller cancels. It is one too many, and yet neither may hang.
func TestTwoSendersOfARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 2)
		wide := Terms{Window: 64 << 20}
		s := setup{side: wire.Child, ours: wide, theirs: wide, handlers: exchange.Handlers{
			"two": func(_ context.Context, r exchange.Request) error {
				done := make(chan error, 2)
				for range 2 {
					go func() { done <- r.Send(make([]byte, 1<<20)) }()
				}
				for range 2 {
					failed <- <-done
				}
				return nil
			},
		}}
		a, b := transport.Pair()
		p := s.start(b)
		a.TryWrite([][]byte{opening(1, wire.FlagEnd, "two", nil).Append(nil)})
		synctest.Wait()
		a.TryWrite([][]byte{wire.Cancel{ID: 1}.Append(nil)})
		for range 2 {
			if err := <-failed; err == nil {
				t.Error("a value was sent that nobody took")
			}
		}
		p.Close()
		a.Close()
		<-p.Finished()
	})
}

// TestReceiverLeftBehind has quick handlers leave a goroutine that waits for another value,
// and may be reading the link when they return.
func TestReceiverLeftBehind(t *testing.T) {
	s := setup{handlers: exchange.Handlers{"m": func(_ context.Context, r exchange.Request) error {
		v, err := r.Recv()
		if err != nil {
			return err
		}
		var leave bool
		if v.Decode(&leave); leave {
			go r.Recv()
			time.Sleep(200 * time.Microsecond)
		}
		return r.Reply(leave)
	}}}
	overLinks(t, s, func(t *testing.T, parent, _ *Peer) {
		for i := range 300 {
			leave := i%20 == 19
			x, err := parent.Open(t.Context(), "m", leave)
			if err != nil {
				t.Fatal(err)
			}
			var got bool
			if err := x.RecvInto(&got); err != nil || got != leave {
				t.Fatalf("call %d: %v, %v", i, got, err)
			}
			x.Close()
		}
	})
}

// hooked is an end whose next write lets something happen in its midst.
type hooked struct {
	*fakeDirect
	meanwhile func()
}

func (h *hooked) TryWrite(bufs [][]byte) (int, error) {
	if f := h.meanwhile; f != nil {
		h.meanwhile = nil
		f()
	}
	return h.fakeDirect.TryWrite(bufs)
}

// TestGivenUpDuringItsWrite gives an exchange up while a large value of it is being written,
// which the link does not take as a whole: the rest of it goes out all the same, and the Cancel
// behind it, though nobody waits for either and nothing else is sent.
func TestGivenUpDuringItsWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFakeDirect()
		h := &hooked{fakeDirect: a}
		wide := Terms{Window: 64 << 20}
		p := setup{ours: wide, theirs: wide}.start(h)
		defer func() {
			b.Close()
			p.Close()
			<-p.Finished()
		}()
		x, err := p.Open(t.Context(), "m", exchange.None)
		if err != nil {
			t.Fatal(err)
		}
		h.meanwhile = x.Close
		if x.Send(make([]byte, 2*fakeSize)) == nil {
			t.Error("an exchange that was given up takes a value")
		}
		in := wire.NewReader(b)
		for _, want := range []wire.Type{wire.TypeInput, wire.TypeInput, wire.TypeCancel} {
			body, _, err := in.Next()
			if err != nil {
				t.Fatal(err)
			}
			if m, err := wire.Parse(body); err != nil || m.Type != want {
				t.Errorf("%v, %v; want %v", m.Type, err, want)
			}
		}
	})
}
