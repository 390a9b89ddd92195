package peer

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// TestViolations is about what ends a link, and names the rule.
func TestViolations(t *testing.T) {
	var (
		parent    = setup{side: wire.Parent, handlers: standard}
		child     = setup{side: wire.Child, handlers: standard}
		noHost    = setup{side: wire.Parent, handlers: standard, features: []wire.Feature{wire.FeatureCredit}}
		handshake = setup{side: wire.Parent, handshake: true}
		joining   = setup{side: wire.Child, handshake: true}
	)
	frame := func(body string) []byte { return append([]byte{0, 0, 0, byte(len(body))}, body...) }
	of := func(m message) []byte { return m.Append(nil) }
	tests := []struct {
		name  string
		peer  setup
		bytes []byte
		rule  wire.Rule
	}{
		{"a length of 0", parent, []byte{0, 0, 0, 0}, wire.RuleFrameLength},
		{"a length over the limit", parent, []byte{1, 0, 0, 1}, wire.RuleFrameLength},
		{"text for a frame", parent, []byte("Traceback"), wire.RuleFrameLength},
		{"no array", parent, frame("\xc0"), wire.RuleBodyArray},
		{"an empty array", parent, frame("\x90"), wire.RuleBodyArray},
		{"a body that is cut", parent, frame("\x92\x06"), wire.RuleBodyCut},
		{"a body with more behind it", parent, frame("\x91\x06\xc0"), wire.RuleBodyRest},
		{"too deep a body", parent, frame("\x95\x06\x01\x00\xc0" + strings.Repeat("\x91", 64) + "\xc0"), wire.RuleBodyDepth},
		{"a byte that is no msgpack", parent, frame("\x92\x06\xc1"), wire.RuleBodyByte},
		{"an id that is no number", parent, frame("\x92\x06\xa11"), wire.RuleElement},
		{"flags that are no number", parent, frame("\x93\x06\x01\xa11"), wire.RuleElement},
		{"a method that is no string", parent, frame("\x94\x05\x02\x00\x07"), wire.RuleElement},
		{"a credit of 0", parent, of(wire.Credit{ID: 1}), wire.RuleElement},
		{"a credit over the most", parent, of(wire.Credit{ID: 1, Bytes: wire.MaxCredit + 1}), wire.RuleElement},

		{"an Input with the id 0", parent, of(opening(0, end, "func", 1)), wire.RuleID},
		{"an Output with the id 0", parent, of(output(0, end, 1)), wire.RuleID},
		{"a Cancel with the id 0", parent, of(wire.Cancel{}), wire.RuleID},
		{"a Credit with the id 0", parent, of(wire.Credit{Bytes: 1}), wire.RuleID},
		{"an id over the largest", child, of(opening(wire.MaxID+2, end, "func", 1)), wire.RuleID},
		{"a child with an odd id", parent, of(opening(1, end, "func", 1)), wire.RuleID},
		{"a parent with an even id", child, of(opening(2, end, "func", 1)), wire.RuleID},
		{"an id that is open", child, append(of(opening(1, 0, "hang", 1)), of(opening(1, 0, "hang", 1))...), wire.RuleID},
		{"an id that is open with its input ended", parent, append(of(opening(2, end, "hang", 1)), of(opening(2, end, "func", 1))...), wire.RuleID},

		{"Initialize from a child", parent, of(wire.Initialize{}), wire.RuleSender},
		{"Ping from a child", parent, of(wire.Ping{}), wire.RuleSender},
		{"Shutdown from a child", parent, of(wire.Shutdown{}), wire.RuleSender},
		{"Initialized from a parent", child, of(wire.Initialized{}), wire.RuleSender},
		{"Pong from a parent", child, of(wire.Pong{}), wire.RuleSender},
		{"Log from a parent", child, of(wire.Log{}), wire.RuleSender},
		{"ShutdownAck from a parent", child, of(wire.ShutdownAck{}), wire.RuleSender},
		{"Exiting from a parent", child, of(wire.Exiting{}), wire.RuleSender},

		{"an Input too early, from a child", handshake, of(opening(2, end, "func", 1)), wire.RuleOrder},
		{"an Output too early", handshake, of(output(1, end, 1)), wire.RuleOrder},
		{"an Input too early, from a parent", joining, of(opening(1, end, "func", 1)), wire.RuleOrder},
		{"a Cancel too early", joining, of(wire.Cancel{ID: 1}), wire.RuleOrder},
		{"a Credit too early", joining, of(wire.Credit{ID: 1, Bytes: 1}), wire.RuleOrder},

		{"a host call without the feature", noHost, of(opening(2, end, "func", 1)), wire.RuleHostCall},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			converse(t, tt.peer, func(t *testing.T, p *Peer, r *raw) {
				r.write(tt.bytes)
				v := wantViolation(t, p, tt.rule)
				if !strings.Contains(v.Error(), string(tt.rule)) {
					t.Errorf("%q does not name the rule", v)
				}
				r.wantEnd("nothing is answered")
			})
		})
	}
}

// TestViolationEndsCalls is about those who wait while the other side breaks a rule.
func TestViolationEndsCalls(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		call := background[int](t.Context(), p, "m", 1)
		r.want("the call", opening(1, end, "m", 1))
		r.send(output(0, end, 1))
		o := <-call
		var lost *LostError
		var v *wire.Violation
		if !errors.As(o.err, &lost) || !lost.Sent || !errors.As(o.err, &v) || v.Rule != wire.RuleID {
			t.Errorf("the call ends with %v", o.err)
		}
		wantSent(t, o.err, true)
		wantSent(t, p.Call(t.Context(), "m", 1, nil), false)
	})
}

// TestControlEndsTheLink is about the violations that only the owner can tell.
func TestControlEndsTheLink(t *testing.T) {
	s := setup{control: func(m wire.Message) error { return wire.Violatef(wire.RuleOrder, "%s for the second time", m.Type) }}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(wire.Initialized{})
		wantViolation(t, p, wire.RuleOrder)
	})
}

func TestControlComesInOrder(t *testing.T) {
	var got []wire.Type
	s := setup{control: func(m wire.Message) error { got = append(got, m.Type); return nil }}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		got = nil
		r.send(wire.Log{Message: "a"})
		r.send(wire.Pong{Seq: 1})
		r.send(output(1, end, 1))
		r.send(wire.ShutdownAck{})
		r.send(wire.Exiting{})
		settle()
		want := []wire.Type{wire.TypeLog, wire.TypePong, wire.TypeShutdownAck, wire.TypeExiting}
		if len(got) != len(want) {
			t.Fatalf("Control has been given %v; want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("Control has been given %v; want %v", got, want)
			}
		}
	})
}

// TestNoControlAfterTheEnd is about frames that lie in the reader's buffer when the link is
// closed.
func TestNoControlAfterTheEnd(t *testing.T) {
	var p *Peer
	n := 0
	s := setup{control: func(wire.Message) error { n++; p.Close(); return nil }}
	converse(t, s, func(t *testing.T, peer *Peer, r *raw) {
		p, n = peer, 0
		r.write(append(wire.Pong{}.Append(nil), wire.Pong{}.Append(nil)...))
		waitEnded(t, p)
		<-p.Finished()
		if n != 1 {
			t.Errorf("%d messages have come, of which only the first came before the end", n)
		}
	})
}

// TestEnds is about what Err tells of ends that are nobody's fault.
func TestEnds(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
			if p.Err() != nil {
				t.Errorf("%v before the end", p.Err())
			}
			p.Close()
			p.Close()
			<-p.Ended()
			<-p.Finished()
			if !errors.Is(p.Err(), os.ErrClosed) {
				t.Errorf("the link has ended with %v", p.Err())
			}
			r.wantEnd("the peer has closed it")
		})
	})
	t.Run("closed by the other side", func(t *testing.T) {
		converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
			r.conn.Close()
			<-p.Finished()
			if p.Err() != io.EOF {
				t.Errorf("the link has ended with %v", p.Err())
			}
			p.Close()
			if p.Err() != io.EOF {
				t.Errorf("the first reason does not stay: %v", p.Err())
			}
		})
	})
	t.Run("inside a frame", func(t *testing.T) {
		converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
			r.write([]byte{0, 0, 0})
			r.conn.Close()
			<-p.Finished()
			if p.Err() != io.ErrUnexpectedEOF {
				t.Errorf("the link has ended with %v", p.Err())
			}
		})
	})
}

// TestIgnored is about what is dropped and counted, and harms nobody.
func TestIgnored(t *testing.T) {
	none := []wire.Feature{}
	tests := []struct {
		name string
		peer setup
		send []byte
	}{
		{"grease", setup{}, wire.AppendGrease(nil, 1)},
		{"a type of the future", setup{}, []byte("\x00\x00\x00\x05\x92\xcd\x12\x34\xc0")},
		{"an Output of what never was", setup{}, output(7, end, 1).Append(nil)},
		{"an Output of the other side's", setup{}, output(2, end, 1).Append(nil)},
		{"more of what never was", setup{side: wire.Child}, more(7, 0, 1).Append(nil)},
		{"more of this side's own", setup{side: wire.Child}, more(2, 0, 1).Append(nil)},
		{"a Cancel of what never was", setup{side: wire.Child}, wire.Cancel{ID: 1}.Append(nil)},
		{"a Credit of what never was", setup{side: wire.Child}, wire.Credit{ID: 1, Bytes: 1}.Append(nil)},
		{"a Cancel without the feature", setup{side: wire.Child, features: none}, wire.Cancel{ID: 1}.Append(nil)},
		{"a Credit without the feature", setup{side: wire.Child, features: none}, wire.Credit{ID: 1, Bytes: 1}.Append(nil)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.peer.handlers = standard
			converse(t, tt.peer, func(t *testing.T, p *Peer, r *raw) {
				r.write(tt.send)
				r.quiet("it is ignored")
				if n := p.Ignored(); n != 1 {
					t.Errorf("%d messages are counted as ignored", n)
				}
				checkIdle(t, p)
			})
		})
	}
}

// TestIgnoredAfterTheEnd is about what crosses the end of an exchange on its way.
func TestIgnoredAfterTheEnd(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, 0, "func", 1))
		r.want("the end", output(1, end, 1))
		r.send(more(1, 0, 2))
		r.send(wire.Cancel{ID: 1})
		r.send(wire.Credit{ID: 1, Bytes: 1})
		r.send(more(1, end|empty, nil))
		r.quiet("the exchange has ended")
		if n := p.Ignored(); n != 4 {
			t.Errorf("%d messages are counted as ignored", n)
		}
		r.send(opening(1, end, "func", 1))
		r.want("nothing is remembered of an id that has ended", output(1, end, 1))
	})
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		call := background[int](t.Context(), p, "m", 1)
		r.want("the call", opening(1, end, "m", 1))
		r.send(output(1, end, 5))
		r.send(output(1, 0, 6))
		r.send(output(1, end, 7))
		r.send(wire.Credit{ID: 1, Bytes: 1})
		r.send(wire.Cancel{ID: 1})
		if o := <-call; o.value != 5 || o.err != nil {
			t.Errorf("the answer is %v, %v", o.value, o.err)
		}
		settle()
		if n := p.Ignored(); n != 4 {
			t.Errorf("%d messages are counted as ignored", n)
		}
	})
}

// TestIgnoredAfterTheInputsEnd is about an opener that goes on behind its own last frame.
func TestIgnoredAfterTheInputsEnd(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		r.send(opening(1, end, "hang", 1))
		r.send(more(1, 0, 1))
		r.send(opening(3, 0, "hang", 1))
		r.send(wire.Cancel{ID: 3})
		r.wantError("the cancel", 3, wire.CodeCanceled)
		settle()
		if n := p.Ignored(); n != 1 {
			t.Errorf("%d messages are counted as ignored", n)
		}
	})
}

// TestUnknownElementsAreIgnored is about what a later version may add.
func TestUnknownElementsAreIgnored(t *testing.T) {
	s := setup{side: wire.Child, handlers: standard}
	converse(t, s, func(t *testing.T, p *Peer, r *raw) {
		in := opening(1, end|0x18, "func", 1)
		in.Meta = append([]byte{0x81}, append(encoded("later"), encoded(1)...)...)
		r.send(in)
		r.want("the answer", output(1, end, 1))
		r.write([]byte("\x00\x00\x00\x06\x94\x07\x01\xa1x\xc0"))
		settle()
		if err := p.Err(); err != nil {
			t.Errorf("an element more ends the link: %v", err)
		}
	})
}

// TestAnswered is about what is answered with an error, and runs no handler.
func TestAnswered(t *testing.T) {
	ran := false
	handlers := exchange.Handlers{
		"hang": standard["hang"],
		"int":  exchange.Func(func(_ context.Context, in int) (int, error) { ran = true; return in, nil }),
	}
	timeUp := opening(1, end, "int", 1)
	timeUp.Meta = wire.AppendTimeout(nil, 0)
	tests := []struct {
		name string
		in   wire.Input
		do   func(p *Peer, r *raw)
		code wire.Code
	}{
		{"an unknown method", opening(1, end, "nope", 1), nil, wire.CodeUnknownMethod},
		{"no fallback", opening(1, end, "", 1), nil, wire.CodeUnknownMethod},
		{"a method longer than any frame of ours may be", opening(1, end, strings.Repeat("\x00", 1<<16), 1), nil, wire.CodeUnknownMethod},
		{"overload", opening(1, end, "int", 1), func(p *Peer, r *raw) {
			r.send(opening(3, end, "hang", 1))
			r.send(opening(5, end, "hang", 1))
		}, wire.CodeOverloaded},
		{"shutting down", opening(1, end, "int", 1), func(p *Peer, r *raw) { p.Refuse() }, wire.CodeShuttingDown},
		{"no time left", timeUp, nil, wire.CodeDeadlineExceeded},
		{"a payload of another type", opening(1, end, "int", "text"), nil, wire.CodeBadInput},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := setup{side: wire.Child, handlers: handlers, ours: Terms{Concurrency: 2}, theirs: Terms{MaxFrame: wire.LeastMaxFrame}}
			converse(t, s, func(t *testing.T, p *Peer, r *raw) {
				ran = false
				if tt.do != nil {
					tt.do(p, r)
				}
				r.send(tt.in)
				r.wantError("the answer", 1, tt.code)
				r.send(more(1, end, 1)) // which was on its way
				r.quiet("the answer is the only one")
				if ran || p.Err() != nil {
					t.Errorf("the handler ran: %v; the link has ended: %v", ran, p.Err())
				}
			})
		})
	}
}
