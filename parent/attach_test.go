package parent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// What a host does with whatever a worker may send: conversations frame by frame.

func TestInitialize(t *testing.T) {
	spec := Spec{
		Name: "n", Config: map[string]int{"a": 1}, Health: Health{Interval: time.Second, Timeout: -1},
		Limits: Limits{MaxFrame: 5000, Window: 1000, Concurrency: -1}, LogLevel: -1,
	}
	attach(t, spec, func(c *talk, _ <-chan error) {
		in, err := c.want("", wire.TypeInitialize).Initialize()
		if err != nil || in.Worker != "n" || in.MaxFrame != 5000 || in.Window != 1000 || in.Concurrency != 1<<31-1 ||
			in.PingInterval != time.Second || in.PingTimeout != 0 || in.LogLevel != "debug" || !bytes.Equal(in.Config, encode(map[string]int{"a": 1})) {
			t.Errorf("%+v, %v", in, err)
		}
	})
	attach(t, Spec{}, func(c *talk, _ <-chan error) {
		in, err := c.want("the defaults", wire.TypeInitialize).Initialize()
		if err != nil || in.Worker != "worker" || in.MaxFrame != 16<<20 || in.Window != 512<<10 || in.Concurrency != 64 ||
			in.PingInterval != 2500*time.Millisecond || in.PingTimeout != time.Minute || in.LogLevel != "info" || !in.Config.IsNil() || len(in.Features) != 4 {
			t.Errorf("%+v, %v", in, err)
		}
	})
}

func TestBadSpec(t *testing.T) {
	for _, spec := range []Spec{
		{Limits: Limits{MaxFrame: 4095}}, {Limits: Limits{MaxFrame: -1}}, {Limits: Limits{Window: -1}},
		{Config: make(chan int)}, {Config: make([]byte, 16<<20)},
	} {
		ours, theirs := transport.Pair()
		_, err := Attach(t.Context(), theirs, spec)
		var failed *StartError
		if !errors.As(err, &failed) || failed.Exit != nil {
			t.Errorf("%v", err)
		}
		if _, err := ours.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection: %v; want it closed", err)
		}
	}
}

// What comes in place of a good Initialized ends the start, and the link.
func TestHandshakeFails(t *testing.T) {
	violates := func(rule wire.Rule) func(error) bool {
		return func(err error) bool {
			var v *wire.Violation
			return errors.As(err, &v) && v.Rule == rule
		}
	}
	saysNo := func(code wire.Code) func(error) bool {
		return func(err error) bool {
			var e *wire.Error
			return errors.As(err, &e) && e.Code == code
		}
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	cut := all
	cut.MaxFrame = 4095
	bad := wire.Initialized{Version: 1, Error: wire.Errorf("licence", "none")}
	for _, test := range []struct {
		name string
		do   func(*talk)
		want func(error) bool
		took time.Duration
	}{
		{"silence", func(c *talk) {}, is(ErrNoHandshake), 10 * time.Second},
		{"only logs", func(c *talk) { c.send("", wire.Log{Message: "loading"}) }, is(ErrNoHandshake), 10 * time.Second},
		{"half a frame", func(c *talk) { c.write("", []byte{0, 0, 0}) }, is(ErrNoHandshake), 10 * time.Second},
		{"the end", func(c *talk) { c.conn.Close() }, is(ErrNoHandshake), 0},
		{"text", func(c *talk) { c.write("", []byte("Traceback (most recent call last):\n")) }, violates(wire.RuleFrameLength), 0},
		{"an echo", func(c *talk) { c.send("", wire.Initialize{Versions: []int{1}}) }, violates(wire.RuleSender), 0},
		{"a bomb", func(c *talk) { c.body("", 0xdd, 0xff, 0xff, 0xff, 0xff) }, violates(wire.RuleBodyCut), 0},
		{"a small max_frame", func(c *talk) { c.send("", cut) }, violates(wire.RuleMaxFrame), 0},
		{"Pong first", func(c *talk) { c.send("", wire.Pong{Seq: 1}) }, violates(wire.RuleOrder), 0},
		{"Output first", func(c *talk) { c.send("", answer(1, 1)) }, violates(wire.RuleOrder), 0},
		{"a call first", func(c *talk) { c.send("", wire.Input{ID: 2, Method: []byte("m")}) }, violates(wire.RuleOrder), 0},
		{"ShutdownAck first", func(c *talk) { c.send("", wire.ShutdownAck{}) }, violates(wire.RuleOrder), 0},
		{"Exiting first", func(c *talk) { c.send("", wire.Exiting{}) }, violates(wire.RuleOrder), 0},
		{"another version", func(c *talk) { c.send("", wire.Initialized{Version: 2}) }, saysNo(wire.CodeUnsupportedVersion), 0},
		{"no version", func(c *talk) { c.send("", wire.Initialized{}) }, saysNo(wire.CodeUnsupportedVersion), 0},
		{"an error and goodbye", func(c *talk) { c.send("", bad, wire.Exiting{Code: 1}) }, saysNo("licence"), 0},
		{"an error and the end", func(c *talk) { c.send("", bad); c.conn.Close() }, saysNo("licence"), 0},
		{"an error and nothing more", func(c *talk) { c.send("", bad) }, saysNo("licence"), time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			attach(t, Spec{Name: "w"}, func(c *talk, result <-chan error) {
				c.want("", wire.TypeInitialize)
				test.do(c)
				err := <-result
				var failed *StartError
				if !errors.As(err, &failed) || !test.want(err) || c.w != nil {
					t.Errorf("%v", err)
				}
				if c.passed() != test.took {
					t.Errorf("after %v; want %v", c.passed(), test.took)
				}
				c.closed("the host is done with it")
			})
		})
	}
}

func TestStartTimeoutIsOff(t *testing.T) {
	attach(t, Spec{StartTimeout: -1}, func(c *talk, result <-chan error) {
		c.want("", wire.TypeInitialize)
		time.Sleep(24 * time.Hour)
		c.send("", all)
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// What a worker may not do once it is ready: the host names the rule.
func TestWorkerViolates(t *testing.T) {
	for _, test := range []struct {
		name string
		rule wire.Rule
		do   func(*talk)
	}{
		{"Initialized twice", wire.RuleOrder, func(c *talk) { c.send("", all) }},
		{"Ping from the child", wire.RuleSender, func(c *talk) { c.send("", wire.Ping{Seq: 1}) }},
		{"Shutdown from the child", wire.RuleSender, func(c *talk) { c.send("", wire.Shutdown{}) }},
		{"Initialize from the child", wire.RuleSender, func(c *talk) { c.send("", wire.Initialize{Versions: []int{1}}) }},
		{"length 0", wire.RuleFrameLength, func(c *talk) { c.write("", make([]byte, 4)) }},
		{"4 GiB", wire.RuleFrameLength, func(c *talk) { c.write("", []byte{0xff, 0xff, 0xff, 0xff}) }},
		{"over the announced limit", wire.RuleFrameLength, func(c *talk) { c.write("", []byte{0, 0, 0x10, 0x01}) }},
		{"a bomb", wire.RuleBodyCut, func(c *talk) { c.body("", 0x91, 0xdf, 0xff, 0xff, 0xff, 0xff) }},
		{"a bomb for a pong", wire.RuleBodyCut, func(c *talk) { c.body("", 0x93, 4, 1, 0xdf, 0xff, 0xff, 0xff, 0xff) }},
		{"10,000 levels", wire.RuleBodyDepth, func(c *talk) { c.body("", bytes.Repeat([]byte{0x91}, 4000)...) }},
		{"a log without text", wire.RuleElement, func(c *talk) { c.body("", 0x94, 9, 0xc0, 0, 7) }},
		{"a host call with an odd id", wire.RuleID, func(c *talk) { c.send("", wire.Input{ID: 1, Method: []byte("m")}) }},
		{"an exit code that is no number", wire.RuleElement, func(c *talk) { c.body("", 0x92, 12, 0xa1, 'x') }},
	} {
		t.Run(test.name, func(t *testing.T) {
			attached(t, Spec{Limits: Limits{MaxFrame: 4096}}, func(c *talk) {
				result := c.calls(c.Context(), "m")
				c.input("a call is open")
				test.do(c)
				var died *process.ExitError
				if err := <-result; !errors.As(err, &died) || !died.Sent || errors.Is(err, wire.ErrNotSent) || !strings.Contains(err.Error(), string(test.rule)) {
					t.Errorf("the call: %v", err)
				}
				c.broken(test.rule)
				if c.logged("the worker broke the protocol and is killed") != 1 {
					t.Error(c.seen.All())
				}
			})
		})
	}
	t.Run("a host call without host-call", func(t *testing.T) {
		attachedTo(t, wire.Initialized{Version: 1}, Spec{}, func(c *talk) {
			c.send("", wire.Input{ID: 2, Method: []byte("m")})
			c.broken(wire.RuleHostCall)
		})
	})
	t.Run("output without credit", func(t *testing.T) {
		attached(t, Spec{Limits: Limits{Window: 1000}}, func(c *talk) {
			_, err := c.w.Open(c.Context(), "m", nil)
			if err != nil {
				t.Fatal(err)
			}
			id := c.input("").ID
			for range 2 {
				c.send("2000 bytes each", wire.Output{ID: id, Payload: encode(make([]byte, 2000))})
			}
			c.broken(wire.RuleCredit)
		})
	})
}

// What a worker may well do, though it means nothing.
func TestHostIgnores(t *testing.T) {
	attachedTo(t, wire.Initialized{Version: 1, Features: []string{"teleport"}}, Spec{}, func(c *talk) {
		c.body("an unknown type", 0x91, 13)
		for i := range uint64(16) {
			c.write("grease", wire.AppendGrease(nil, i))
		}
		c.send("pongs nobody asked for", wire.Pong{Seq: 77}, wire.Pong{Seq: 0})
		c.send("things for an exchange that never was", wire.Output{ID: 999, Flags: wire.FlagEnd}, wire.Cancel{ID: 2}, wire.Credit{ID: 2, Bytes: 1}, wire.Input{ID: 2})
		c.send("a log without the feature", wire.Log{Message: "psst"})
		result := c.calls(c.Context(), "m")
		c.send("", answer(c.input("the worker is still called").ID, nil))
		if err := <-result; err != nil {
			t.Error(err)
		}
		if c.logged("psst") != 0 {
			t.Error("the log was logged")
		}
		if n := c.w.peer.Ignored(); n != 1+16+2+4+1 {
			t.Errorf("%d messages are counted as ignored", n)
		}
	})
}

// A worker without credit that nobody receives from is bounded, and only that exchange ends.
func TestFloodWithoutCredit(t *testing.T) {
	attachedTo(t, wire.Initialized{Version: 1}, Spec{}, func(c *talk) {
		x, err := c.w.Open(c.Context(), "m", nil)
		if err != nil {
			t.Fatal(err)
		}
		id := c.input("").ID
		for range 10 {
			c.send("1 MiB that nobody reads", wire.Output{ID: id, Payload: encode(make([]byte, 1<<20))})
		}
		var e *wire.Error
		if _, err := x.Recv(); !errors.As(err, &e) || e.Code != wire.CodeOverloaded || errors.Is(err, wire.ErrNotSent) {
			t.Errorf("%v; want overloaded, and not ErrNotSent", err)
		}
		result := c.calls(c.Context(), "n")
		c.send("", answer(c.input("others go on").ID, nil))
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// Towards a worker without cancel a caller gives up in silence, and its late answer is dropped.
func TestGivingUpWithoutCancel(t *testing.T) {
	attachedTo(t, wire.Initialized{Version: 1, Concurrency: 1}, Spec{}, func(c *talk) {
		ctx, cancel := context.WithCancel(c.Context())
		result := c.calls(ctx, "m")
		first := c.input("")
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) || errors.Is(err, wire.ErrNotSent) {
			t.Error(err)
		}
		result = c.calls(c.Context(), "n")
		synctest.Wait()
		c.send("only now is there a place for the next", answer(first.ID, "late"))
		c.send("", answer(c.input("no Cancel came").ID, nil))
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// Exiting unasked ends everything as a death, and what comes behind it is never read.
func TestExitingUnasked(t *testing.T) {
	for _, code := range []int{0, 3} {
		attached(t, Spec{}, func(c *talk) {
			result := c.calls(c.Context(), "m")
			id := c.input("").ID
			c.send("goodbye, and more", wire.Exiting{Code: code, Reason: "had enough"}, answer(id, "too late"))
			var died *process.ExitError
			if err := <-result; !errors.As(err, &died) || !died.Sent || !strings.Contains(err.Error(), "had enough") {
				t.Errorf("%v", err)
			}
			err := c.w.Shutdown(c.Context())
			if (err == nil) != (code == 0) {
				t.Errorf("Shutdown after exit code %d: %v", code, err)
			}
			if err := c.w.Call(c.Context(), "m", nil, nil); !errors.As(err, &died) || died.Sent || !errors.Is(err, wire.ErrNotSent) {
				t.Errorf("a call after the end: %v", err)
			}
			if _, err := c.w.Open(c.Context(), "m", nil); !errors.As(err, &died) || !errors.Is(err, wire.ErrNotSent) {
				t.Errorf("an exchange after the end: %v", err)
			}
		})
	}
}

func TestShutdownConversation(t *testing.T) {
	attached(t, Spec{}, func(c *talk) {
		call := c.calls(c.Context(), "m")
		id := c.input("").ID
		results := make(chan error, 3)
		for range 3 {
			go func() { results <- c.w.Shutdown(c.Context()) }()
		}
		down, err := c.want("one Shutdown for three", wire.TypeShutdown).Shutdown()
		if err != nil || down.Grace != 10*time.Second {
			t.Errorf("%+v, %v", down, err)
		}
		if err := c.w.Call(c.Context(), "n", nil, nil); !isCode(err, wire.CodeShuttingDown) || !errors.Is(err, wire.ErrNotSent) {
			t.Errorf("a new call: %v", err)
		}
		if _, err := c.w.Open(c.Context(), "n", nil); !isCode(err, wire.CodeShuttingDown) {
			t.Errorf("a new exchange: %v", err)
		}
		c.send("", wire.ShutdownAck{InFlight: 1})
		time.Sleep(9 * time.Second)
		c.send("the grace is the worker's to use", answer(id, nil), wire.Exiting{})
		if err := <-call; err != nil {
			t.Error(err)
		}
		for range 3 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if c.w.Exit() == nil || c.w.Shutdown(c.Context()) != nil {
			t.Error("and a Shutdown after the end")
		}
	})
}

func isCode(err error, code wire.Code) bool {
	var e *wire.Error
	return errors.As(err, &e) && e.Code == code
}

// A worker that ignores Shutdown has its grace and the second for goodbye.
func TestShutdownIsIgnored(t *testing.T) {
	for grace, want := range map[time.Duration]time.Duration{0: 11 * time.Second, time.Minute: 61 * time.Second, -1: time.Second} {
		attached(t, Spec{Stop: Stop{Grace: grace}, Health: Health{Interval: -1}}, func(c *talk) {
			err := c.w.Shutdown(c.Context())
			var died *process.ExitError
			if !errors.As(err, &died) || !strings.Contains(err.Error(), "not shut down") || c.passed() != want {
				t.Errorf("%v after %v; want %v", err, c.passed(), want)
			}
		})
	}
}

func TestShutdownIsCutShort(t *testing.T) {
	attached(t, Spec{}, func(c *talk) {
		ctx, cancel := context.WithTimeout(c.Context(), 3*time.Second)
		defer cancel()
		if err := c.w.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "cut short") || c.passed() != 3*time.Second {
			t.Errorf("%v after %v", err, c.passed())
		}
	})
	attached(t, Spec{}, func(c *talk) {
		ctx, cancel := context.WithCancel(c.Context())
		cancel()
		if err := c.w.Shutdown(ctx); err == nil || c.passed() != 0 {
			t.Errorf("a cancelled context means now: %v after %v", err, c.passed())
		}
	})
}

// A worker that wants replacing gets no new calls, and Shutdown once the rest has ended.
func TestShutdownAckUnasked(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: -1}}, func(c *talk) {
		result := c.calls(c.Context(), "m")
		id := c.input("").ID
		c.send("it wants to go", wire.ShutdownAck{InFlight: 1}, wire.ShutdownAck{InFlight: 1})
		synctest.Wait()
		if err := c.w.Call(c.Context(), "n", nil, nil); !isCode(err, wire.CodeShuttingDown) {
			t.Errorf("a new call: %v", err)
		}
		time.Sleep(time.Minute)
		c.send("its last answer", answer(id, nil))
		if err := <-result; err != nil {
			t.Error(err)
		}
		c.want("only now it is told to go", wire.TypeShutdown)
		c.send("", wire.ShutdownAck{}, wire.Exiting{})
		<-c.w.Done()
		if err := c.w.Shutdown(c.Context()); err != nil {
			t.Error(err)
		}
	})
	attached(t, Spec{}, func(c *talk) {
		c.send("an idle worker wants to go", wire.ShutdownAck{})
		c.want("and is told to at once", wire.TypeShutdown)
		if err := c.w.Shutdown(c.Context()); err == nil || c.passed() != 11*time.Second {
			t.Errorf("but stays: %v after %v", err, c.passed())
		}
	})
	attached(t, Spec{}, func(c *talk) {
		c.calls(c.Context(), "m")
		c.input("")
		c.send("a busy worker wants to go", wire.ShutdownAck{InFlight: 1})
		synctest.Wait()
		go c.w.Shutdown(c.Context())
		c.want("the host can hurry it", wire.TypeShutdown)
		c.send("", wire.Exiting{})
		<-c.w.Done()
	})
}

// The host's methods, and a call back into the worker from inside of one.
func TestHostHandlers(t *testing.T) {
	var c *talk
	handlers := exchange.Handlers{
		"double": exchange.Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil }),
		"nested": exchange.Func(func(ctx context.Context, n int) (int, error) { return exchange.Call[int](ctx, c.w, "back", n) }),
		"panic":  exchange.Func(func(context.Context, any) (any, error) { panic("oh no") }),
	}
	attached(t, Spec{Handlers: handlers}, func(talk *talk) {
		c = talk
		c.send("", wire.Input{ID: 2, Flags: wire.FlagEnd, Method: []byte("double"), Payload: encode(21)})
		if out, err := c.want("", wire.TypeOutput).Output(); err != nil || !bytes.Equal(out.Payload, encode(42)) {
			t.Errorf("%+v, %v", out, err)
		}
		c.send("", wire.Input{ID: 4, Flags: wire.FlagEnd, Method: []byte("nested"), Payload: encode(7)})
		c.send("", answer(c.input("the host asks back").ID, 8))
		if out, err := c.want("", wire.TypeOutput).Output(); err != nil || !bytes.Equal(out.Payload, encode(8)) {
			t.Errorf("%+v, %v", out, err)
		}
		c.send("", wire.Input{ID: 6, Flags: wire.FlagEnd, Method: []byte("panic")})
		if out, err := c.want("", wire.TypeOutput).Output(); err != nil || wire.ParseError(out.Payload).Code != wire.CodePanicked {
			t.Errorf("%+v, %v", out, err)
		}
		if c.logged("a host method panicked") != 1 {
			t.Error(c.seen.All())
		}
	})
}

// A call that would have to wait for a place that its own caller holds fails instead.
func TestNestedCallNeverWaits(t *testing.T) {
	info := all
	info.Concurrency = 1
	var c *talk
	spec := Spec{Handlers: exchange.Handlers{"nested": exchange.Func(func(ctx context.Context, n int) (int, error) {
		return exchange.Call[int](ctx, c.w, "back", n)
	})}}
	attachedTo(t, info, spec, func(talk *talk) {
		c = talk
		c.calls(c.Context(), "m")
		c.input("")
		c.send("", wire.Input{ID: 2, Flags: wire.FlagEnd, Method: []byte("nested"), Payload: encode(7)})
		out, err := c.want("", wire.TypeOutput).Output()
		if err != nil || !out.Flags.Has(wire.FlagError) {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// A worker that is a goroutine of this process: both SDKs against each other.
func TestAttachChild(t *testing.T) {
	ours, theirs := transport.Pair()
	w := child.Worker{Name: "inside", Handlers: child.Handlers{"": child.Func(func(_ context.Context, s string) (string, error) {
		return strings.ToUpper(s), nil
	})}}
	served := make(chan error, 1)
	go func() { served <- w.Serve(context.Background(), theirs) }()
	p, err := Attach(t.Context(), ours, Spec{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := exchange.Call[string](t.Context(), p, "", "ada"); err != nil || got != "ADA" {
		t.Errorf("%q, %v", got, err)
	}
	if p.Info().Name != "inside" {
		t.Errorf("%+v", p.Info())
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if e := p.Exit(); e.State != process.Unknown || e.Code != -1 {
		t.Errorf("%v", e)
	}
}

// The context of Attach ends the handshake and nothing after it.
func TestAttachIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := transport.Pair()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := Attach(ctx, theirs, Spec{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		ours.Close()
	})
	attached(t, Spec{}, func(c *talk) {
		ctx, cancel := context.WithTimeout(c.Context(), time.Second)
		defer cancel()
		if err := c.w.Call(ctx, "m", nil, nil); !errors.Is(err, context.DeadlineExceeded) || c.passed() != time.Second {
			t.Errorf("%v after %v", err, c.passed())
		}
	})
}
