package peer

import (
	"context"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// TestShutdown is a worker's whole way out.
func TestShutdown(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, empty, "echo", nil))
		r.send(opening(3, end, "hang", nil))
		settle()
		n, first := p.Refuse()
		returned := p.Returned()
		if n != 2 || !first {
			t.Errorf("%d exchanges are open", n)
		}
		p.Send(wire.ShutdownAck{InFlight: n})
		r.want("the acknowledgement", wire.ShutdownAck{InFlight: 2})
		r.send(opening(5, end, "echo", 1))
		r.wantError("nothing new is taken", 5, wire.CodeShuttingDown)
		r.send(more(1, 0, "a"))
		r.want("what is open goes on", output(1, 0, "a"))
		call := background[int](t.Context(), p, "host", 1)
		r.want("host calls too", opening(2, end, "host", 1))
		r.send(output(2, end, 1))
		<-call
		r.send(more(1, end|empty, nil))
		r.want("the first ends", output(1, end|empty, nil))
		settle()
		select {
		case <-returned:
			t.Error("one is open still")
		default:
		}
		p.CancelAll("the grace is over")
		e := r.wantError("the rest is ended", 3, wire.CodeCanceled)
		if e.Message != "the grace is over" {
			t.Errorf("the reason is %q", e.Message)
		}
		<-returned
		if n, first := p.Refuse(); n != 0 || first {
			t.Errorf("%d exchanges are open", n)
		}
		if err := p.SendLast(t.Context(), wire.Exiting{Code: 3, Reason: "told to"}); err != nil {
			t.Error(err)
		}
		r.want("the last frame", wire.Exiting{Code: 3, Reason: "told to"})
		p.Close()
		r.wantEnd("nothing after it")
	})
}

// TestRefuseWhenIdle: there is nothing to wait for.
func TestRefuseWhenIdle(t *testing.T) {
	converse(t, setup{side: wire.Child}, func(t *testing.T, p *Peer, r *raw) {
		if n, _ := p.Refuse(); n != 0 {
			t.Errorf("%d exchanges are open", n)
		}
		<-p.Returned()
	})
}

// TestNothingAfterTheLastFrame, whoever tries.
func TestNothingAfterTheLastFrame(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, empty, "echo", nil))
		r.send(opening(3, end, "hang", nil))
		x, err := p.Open(t.Context(), "host", 1)
		if err != nil {
			t.Fatal(err)
		}
		r.want("a host call", opening(2, 0, "host", 1))
		if err := p.SendLast(t.Context(), wire.Exiting{}); err != nil {
			t.Fatal(err)
		}
		r.want("the last frame", wire.Exiting{})
		p.Send(wire.Pong{Seq: 1})
		if p.TrySend(wire.Log{Message: "x"}) {
			t.Error("TrySend has sent something")
		}
		if p.SendLast(t.Context(), wire.Exiting{}) == nil {
			t.Error("SendLast has sent a second last frame")
		}
		wantSent(t, p.Call(t.Context(), "host", 1, nil), false)
		if x.Send(2) == nil {
			t.Error("Send has sent something")
		}
		r.send(output(2, 0, make([]byte, 40<<10)))
		x.Recv()                             // would grant
		x.Close()                            // would cancel
		r.send(opening(5, end, "nope", nil)) // would be refused
		r.send(more(1, end, 1))              // would be answered
		p.CancelAll("enough")                // would fail
		r.quiet("nothing follows the last frame")
		settle()
		p.mu.Lock()
		if p.serving != 0 {
			t.Errorf("%d exchanges of the other side are open", p.serving)
		}
		p.mu.Unlock()
	})
}

// TestSendLastWaits until the link has taken it, or the context ends.
func TestSendLastWaits(t *testing.T) {
	converse(t, setup{side: wire.Child}, func(t *testing.T, p *Peer, r *raw) {
		call := background[int](t.Context(), p, "host", make([]byte, 200<<10))
		settle()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.SendLast(ctx, wire.Exiting{}) }()
		settle()
		select {
		case err := <-done:
			t.Fatalf("SendLast does not wait: %v", err)
		default:
		}
		cancel()
		if err := <-done; err != context.Canceled {
			t.Errorf("SendLast: %v", err)
		}
		r.want("what was before it", opening(2, end, "host", make([]byte, 200<<10)))
		r.want("it is sent all the same", wire.Exiting{})
		r.conn.Close()
		wantLost(t, (<-call).err, true)
	})
}

// TestCancelAllWaitsForNobody: the exchange of a handler that does not listen ends as well.
func TestCancelAllWaitsForNobody(t *testing.T) {
	release := make(chan struct{})
	s := setup{side: wire.Child, handlers: exchange.Handlers{
		"deaf": func(_ context.Context, r exchange.Request) error {
			<-release
			if r.Send(1) == nil || r.Reply(1) == nil {
				t.Error("the handler can send after its exchange has ended")
			}
			return nil
		},
	}}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		release = make(chan struct{})
		r.send(opening(1, end, "deaf", 1))
		settle()
		p.CancelAll("enough")
		if n, _ := p.Refuse(); n != 0 {
			t.Errorf("%d exchanges are open", n)
		}
		r.wantError("its end", 1, wire.CodeCanceled)
		returned := p.Returned()
		settle()
		select {
		case <-returned:
			t.Error("the handler runs still")
		default:
		}
		close(release)
		<-returned
		r.quiet("the one end")
	})
}

// TestReturnedAfterTheLink: the end of the link ends every exchange, and with it its handler.
func TestReturnedAfterTheLink(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "hang", 1))
		settle()
		r.conn.Close()
		<-p.Returned()
		if n, _ := p.Refuse(); n != 0 {
			t.Errorf("%d exchanges are open", n)
		}
	})
}

// TestCancelAllWithManyOpen: what this side owes by its own numbers is no failure.
func TestCancelAllWithManyOpen(t *testing.T) {
	const many = 20_000
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		var openings []byte
		for i := range uint64(many) {
			openings = opening(2*i+1, end, "hang", nil).Append(openings)
		}
		r.write(openings)
		settle()
		p.CancelAll("a reason of some length, for a megabyte and more of answers")
		settle()
		for range many {
			if e := wire.ParseError(r.output("an end").Payload); e.Code != wire.CodeCanceled {
				t.Fatal(e)
			}
		}
		r.quiet("they have all ended")
		checkIdle(t, p)
	})
}

// TestQuiet tells when this side has no exchange open any more, or its link has ended.
func TestQuiet(t *testing.T) {
	converse(t, setup{theirs: Terms{Concurrency: 1}}, func(t *testing.T, p *Peer, r *raw) {
		<-p.Quiet() // nothing is open
		first := background[int](t.Context(), p, "m", 1)
		r.want("the first", opening(1, end, "m", 1))
		second := background[int](t.Context(), p, "m", 2)
		quiet := p.Quiet()
		busy := func(why string) {
			t.Helper()
			settle()
			select {
			case <-quiet:
				t.Fatal(why)
			default:
			}
		}
		busy("two are open")
		r.send(output(1, end, 1))
		<-first
		r.want("the second", opening(3, end, "m", 2))
		busy("one is open")
		r.send(output(3, end, 2))
		<-second
		<-quiet
		<-p.Quiet()

		background[int](t.Context(), p, "m", 3)
		r.want("the third", opening(5, end, "m", 3))
		background[int](t.Context(), p, "m", 4)
		quiet = p.Quiet()
		busy("two are open")
		r.conn.Close()
		<-quiet
	})
}
