package child_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/wire"
)

// What is fatal when a host does it: the worker names the rule and is gone.

func TestViolations(t *testing.T) {
	deep := append(bytes.Repeat([]byte{0x91}, 64), 0x01)
	small := hello
	small.MaxFrame = 4095
	for _, test := range []struct {
		name  string
		rule  wire.Rule
		greet bool // the handshake comes first
		do    func(*talk)
	}{
		{"Ping first", wire.RuleOrder, false, func(c *talk) { c.send("", wire.Ping{Seq: 1}) }},
		{"Shutdown first", wire.RuleOrder, false, func(c *talk) { c.send("", wire.Shutdown{}) }},
		{"Input first", wire.RuleOrder, false, func(c *talk) { c.send("", call(1, "", nil)) }},
		{"Cancel first", wire.RuleOrder, false, func(c *talk) { c.send("", wire.Cancel{ID: 1}) }},
		{"no map in Initialize", wire.RuleElement, false, func(c *talk) { c.body("", 0x91, 1) }},
		{"a list for a map in Initialize", wire.RuleElement, false, func(c *talk) { c.body("", 0x92, 1, 0x90) }},
		{"max_frame under 4096", wire.RuleMaxFrame, false, func(c *talk) { c.send("", small) }},
		{"text for a frame", wire.RuleFrameLength, false, func(c *talk) { c.write("", []byte("HTTP/1.1 400 Bad Request\r\n")) }},

		{"Initialize twice", wire.RuleOrder, true, func(c *talk) { c.send("", hello) }},
		{"length 0", wire.RuleFrameLength, true, func(c *talk) { c.write("", []byte{0, 0, 0, 0}) }},
		{"length over the limit", wire.RuleFrameLength, true, func(c *talk) { c.write("", []byte{0, 1, 0, 1}) }},
		{"no array", wire.RuleBodyArray, true, func(c *talk) { c.body("", 0xc0) }},
		{"empty array", wire.RuleBodyArray, true, func(c *talk) { c.body("", 0x90) }},
		{"cut", wire.RuleBodyCut, true, func(c *talk) { c.body("", 0x92, 3) }},
		{"a bomb", wire.RuleBodyCut, true, func(c *talk) { c.body("", 0xdd, 0xff, 0xff, 0xff, 0xff) }},
		{"a byte too many", wire.RuleBodyRest, true, func(c *talk) { c.body("", 0x92, 3, 1, 0) }},
		{"0xc1", wire.RuleBodyByte, true, func(c *talk) { c.body("", 0x92, 3, 0xc1) }},
		{"too deep", wire.RuleBodyDepth, true, func(c *talk) { c.body("", append([]byte{0x92, 0x7f}, deep...)...) }},
		{"a type that is no number", wire.RuleElement, true, func(c *talk) { c.body("", 0x91, 0xa1, 'x') }},
		{"a ping number that is none", wire.RuleElement, true, func(c *talk) { c.body("", 0x92, 3, 0xa1, 'x') }},
		{"a grace that is no number", wire.RuleElement, true, func(c *talk) { c.body("", 0x92, 10, 0xa1, 'x') }},
		{"id 0", wire.RuleID, true, func(c *talk) { c.send("", call(0, "", nil)) }},
		{"an id of the child's", wire.RuleID, true, func(c *talk) { c.send("", call(2, "", nil)) }},
		{"an id that is open", wire.RuleID, true, func(c *talk) { c.send("", call(1, "wait", nil), call(1, "wait", nil)) }},
		{"more behind the payload", wire.RuleElement, true, func(c *talk) { c.body("", 0x97, 5, 1, 1, 0xa0, 0xc0, 0xc0, 0xc0) }},
		{"a credit of 0", wire.RuleElement, true, func(c *talk) { c.send("", wire.Credit{ID: 1}) }},
		{"without credit", wire.RuleCredit, true, func(c *talk) {
			c.send("opens", wire.Input{ID: 1, Method: []byte("wait"), Flags: wire.FlagEmpty})
			c.send("uses up 1000 bytes and more", wire.Input{ID: 1, Payload: encode(make([]byte, 2000))})
			c.send("goes on", wire.Input{ID: 1, Payload: encode(1)})
		}},
		{"Initialized from the host", wire.RuleSender, true, func(c *talk) { c.send("", wire.Initialized{}) }},
		{"Pong from the host", wire.RuleSender, true, func(c *talk) { c.send("", wire.Pong{Seq: 1}) }},
		{"Log from the host", wire.RuleSender, true, func(c *talk) { c.send("", wire.Log{}) }},
		{"ShutdownAck from the host", wire.RuleSender, true, func(c *talk) { c.send("", wire.ShutdownAck{}) }},
		{"Exiting from the host", wire.RuleSender, true, func(c *talk) { c.send("", wire.Exiting{}) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &child.Worker{Handlers: child.Handlers{"wait": wait}, MaxFrame: 65536, Window: 1000}
			converse(t, w, func(c *talk) {
				if test.greet {
					c.greet(hello)
				}
				test.do(c)
				var broken *wire.Violation
				if err := c.ended("the worker leaves without a word"); !errors.As(err, &broken) || broken.Rule != test.rule {
					t.Errorf("%v; want a violation of %s", err, test.rule)
				} else if strings.ContainsRune(err.Error(), '\n') {
					t.Errorf("more than one line: %q", err)
				}
				if c.passed() != 0 {
					t.Errorf("it took %v", c.passed())
				}
			})
		})
	}
}

// Nothing but Initialize may come before Initialized.
func TestTooEarly(t *testing.T) {
	for _, early := range []message{wire.Ping{Seq: 1}, wire.Shutdown{}, call(1, "", nil), hello} {
		w := &child.Worker{Init: func(ctx context.Context, _ wire.Payload) error { <-ctx.Done(); return nil }}
		converse(t, w, func(c *talk) {
			c.send("the host introduces itself and goes on at once", hello, early)
			var broken *wire.Violation
			if err := c.ended("Init is still running"); !errors.As(err, &broken) || broken.Rule != wire.RuleOrder {
				t.Errorf("%T: %v", early, err)
			}
		})
	}
}

// What a worker ignores, it ignores in silence: the next frame is the pong.
func TestIgnored(t *testing.T) {
	const end = wire.FlagEnd
	for _, test := range []struct {
		name string
		do   func(*talk)
	}{
		{"unknown types", func(c *talk) {
			c.body("", 0x91, 13)
			c.body("", 0x93, 0x70, 0xa1, 'x', 0xc0)
			c.body("", 0x91, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
			c.body("", 0x91, 0xff)
		}},
		{"grease", func(c *talk) {
			for i := range uint64(16) {
				c.write("", wire.AppendGrease(nil, i))
			}
		}},
		{"Cancel of nothing", func(c *talk) { c.send("", wire.Cancel{ID: 99}) }},
		{"Credit of nothing", func(c *talk) { c.send("", wire.Credit{ID: 99, Bytes: 1}) }},
		{"Output of nothing", func(c *talk) { c.send("", wire.Output{ID: 2, Flags: end}) }},
		{"more of nothing", func(c *talk) { c.send("", wire.Input{ID: 99, Flags: end}) }},
		{"more of what has ended", func(c *talk) {
			c.send("", call(1, "one", 1))
			c.wantValue("", 1, 1)
			c.send("", wire.Input{ID: 1, Flags: end}, wire.Cancel{ID: 1}, wire.Credit{ID: 1, Bytes: 1})
		}},
		{"unknown flags", func(c *talk) {
			c.body("", 0x96, 5, 1, 0xcc, 0xf9, 0xa3, 'o', 'n', 'e', 0xc0, 7)
			c.wantValue("", 1, 7)
		}},
		{"further elements and floats for integers", func(c *talk) {
			c.body("", 0x93, 3, 0xcb, 0x40, 0x08, 0, 0, 0, 0, 0, 0, 0xa1, 'x')
			if p, err := c.want("", wire.TypePong).Pong(); err != nil || p.Seq != 3 {
				c.Errorf("%+v, %v", p, err)
			}
		}},
		{"a ping without a number", func(c *talk) {
			c.body("", 0x91, 3)
			c.want("", wire.TypePong)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			introduced(t, &child.Worker{Handlers: child.Handlers{"one": one}}, func(c *talk) {
				test.do(c)
				c.ping("the worker has nothing to say to that", 5)
			})
		})
	}
}

// Cancel and Credit do nothing for a host that has not named them.
func TestIgnoredWithoutFeature(t *testing.T) {
	w := &child.Worker{Handlers: child.Handlers{"wait": wait, "echo": echo}, Window: 100}
	converse(t, w, func(c *talk) {
		got := c.greet(wire.Initialize{Versions: []int{1}})
		if len(got.Features) != 0 {
			t.Errorf("features %v", got.Features)
		}
		c.send("a call that waits, and its Cancel", call(1, "wait", nil), wire.Cancel{ID: 1})
		c.send("Credit for it", wire.Credit{ID: 1, Bytes: 5})
		c.ping("neither has an effect", 1)
		c.send("a stream far over the window", wire.Input{ID: 3, Method: []byte("echo"), Flags: wire.FlagEmpty})
		for range 10 {
			v := encode(make([]byte, 150))
			c.send("more of it", wire.Input{ID: 3, Payload: v})
			c.wantFrame("comes back, and no Credit", wire.Output{ID: 3, Payload: v})
		}
		c.send("the end", wire.Shutdown{})
		c.want("at once", wire.TypeShutdownAck)
		codes := []wire.Code{}
		for range 2 {
			out, _ := c.want("what is open is ended", wire.TypeOutput).Output()
			codes = append(codes, wire.ParseError(out.Payload).Code)
		}
		if !slices.Equal(codes, []wire.Code{wire.CodeCanceled, wire.CodeCanceled}) {
			t.Error(codes)
		}
		c.wantGoodbye("", 0)
		if err := c.ended(""); err != nil {
			t.Error(err)
		}
	})
}

// What a worker can't do it answers, and goes on.
func TestAnswered(t *testing.T) {
	typed := child.Func(func(_ context.Context, n int) (int, error) { return n, nil })
	panics := child.Func(func(context.Context, any) (any, error) { panic("oh") })
	fails := child.Func(func(context.Context, any) (any, error) { return nil, wire.Errorf("custom", "no") })
	lies := child.Func(func(context.Context, any) (any, error) { return nil, wire.Errorf(wire.CodeOverloaded, "no") })
	late := wire.Input{ID: 3, Flags: wire.FlagEnd, Method: []byte("typed"), Meta: wire.Meta(encode(map[string]int{"timeout_ms": 0}))}
	w := &child.Worker{
		Handlers:    child.Handlers{"typed": typed, "panics": panics, "fails": fails, "lies": lies, "wait": wait, "": one, "nil": nil},
		Concurrency: 1,
		Logger:      zap.NewNop(),
	}
	for _, test := range []struct {
		name string
		in   wire.Input
		want wire.Code
	}{
		{"unknown method", call(3, "nope", 1), wire.CodeUnknownMethod},
		{"bad input", call(3, "typed", "text"), wire.CodeBadInput},
		{"panic", call(3, "panics", nil), wire.CodePanicked},
		{"nil handler", call(3, "nil", nil), wire.CodePanicked},
		{"error", call(3, "fails", nil), "custom"},
		{"a code that is the protocol's", call(3, "lies", nil), wire.CodeFailed},
		{"too late", late, wire.CodeDeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			converse(t, w, func(c *talk) {
				c.greet(wire.Initialize{Versions: []int{1}}) // without logs
				c.send("", test.in)
				c.wantError("", 3, test.want)
				c.send("the method of no name is one of its own", call(5, "", "hi"))
				c.wantValue("", 5, "hi")
			})
		})
	}
	t.Run("overload", func(t *testing.T) {
		introduced(t, w, func(c *talk) {
			c.send("one more than allowed", call(1, "wait", nil), call(3, "typed", 1))
			c.wantError("the second is refused", 3, wire.CodeOverloaded)
			c.send("the first is given up", wire.Cancel{ID: 1})
			c.wantError("and still answered", 1, wire.CodeCanceled)
			c.send("so there is room", call(5, "typed", 1))
			c.wantValue("", 5, 1)
		})
	})
}
