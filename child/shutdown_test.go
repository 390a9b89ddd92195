package child_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// How a worker ends: asked to, of its own, and when its host is gone.

// Pings are answered whatever the handlers do, also while the worker shuts down.
func TestPingsDuringEverything(t *testing.T) {
	introduced(t, &child.Worker{Handlers: child.Handlers{"wait": wait}}, func(c *talk) {
		c.send("a handler that sleeps", call(1, "wait", nil))
		for seq := range uint64(5) {
			c.send("a ping", wire.Ping{Seq: seq})
			pong, err := c.want("its pong", wire.TypePong).Pong()
			if err != nil || pong.Seq != seq || pong.Status.InFlight != 1 {
				t.Errorf("%+v, %v; want %d and 1 in flight", pong, err, seq)
			}
		}
		c.send("a shutdown", wire.Shutdown{Grace: time.Hour})
		c.wantFrame("is acknowledged at once", wire.ShutdownAck{InFlight: 1})
		time.Sleep(time.Minute)
		c.ping("pings go on meanwhile", 9)
	})
}

func TestShutdownOfIdleWorker(t *testing.T) {
	introduced(t, &child.Worker{}, func(c *talk) {
		c.send("a shutdown with a long grace", wire.Shutdown{Grace: time.Hour, Reason: "enough"})
		c.wantFrame("", wire.ShutdownAck{})
		c.wantFrame("nothing is to be waited for", wire.Exiting{Reason: "enough"})
		if err := c.ended("that was the last frame"); err != nil {
			t.Error(err)
		}
		if c.passed() != 0 {
			t.Errorf("it took %v", c.passed())
		}
	})
}

func TestShutdownWith50Handlers(t *testing.T) {
	const n = 50
	released := make(chan struct{})
	w := &child.Worker{Handlers: child.Handlers{
		"wait": wait,
		"finish": func(_ context.Context, r exchange.Request) error {
			<-released
			return r.Reply("done")
		},
		"echo": echo,
	}}
	introduced(t, w, func(c *talk) {
		released = make(chan struct{})
		for i := range uint64(n) {
			method := "wait"
			if i%2 == 0 {
				method = "finish"
			}
			c.send("a handler is started", call(2*i+1, method, nil))
		}
		c.send("one more has a stream", wire.Input{ID: 999, Method: []byte("echo"), Flags: wire.FlagEmpty})
		c.ping("all are running", 1)
		c.send("the host has enough", wire.Shutdown{Grace: 5 * time.Second})
		c.wantFrame("the worker says so at once", wire.ShutdownAck{InFlight: n + 1})
		c.send("a new request", call(1001, "finish", nil))
		c.wantError("is refused", 1001, wire.CodeShuttingDown)
		c.send("more of what is open", wire.Input{ID: 999, Flags: wire.FlagEnd, Payload: encode("more")})
		c.wantFrame("goes on", wire.Output{ID: 999, Payload: encode("more")})
		c.wantFrame("up to its end", wire.Output{ID: 999, Flags: wire.FlagEnd | wire.FlagEmpty, Payload: encode(nil)})
		time.Sleep(time.Second)
		close(released)
		for range n / 2 {
			out, err := c.want("what gets done within the grace is answered", wire.TypeOutput).Output()
			if err != nil || out.Flags.Has(wire.FlagError) {
				t.Fatalf("%+v, %v", out, err)
			}
		}
		if c.passed() != time.Second {
			t.Errorf("they were answered after %v", c.passed())
		}
		for range n / 2 {
			out, err := c.want("the rest is canceled", wire.TypeOutput).Output()
			if err != nil || wire.ParseError(out.Payload).Code != wire.CodeCanceled {
				t.Fatalf("%+v, %v", out, err)
			}
		}
		c.wantGoodbye("the worker says goodbye", 0)
		if c.passed() != 5*time.Second {
			t.Errorf("after %v; the grace was 5 s", c.passed())
		}
		if err := c.ended("and that was the last frame"); err != nil {
			t.Error(err)
		}
	})
}

// A handler that heeds nothing has half a second after the grace, and is left behind.
func TestDeafHandlerAtShutdown(t *testing.T) {
	released := make(chan struct{})
	w := &child.Worker{Handlers: child.Handlers{"deaf": func(context.Context, exchange.Request) error { <-released; return nil }}}
	introduced(t, w, func(c *talk) {
		released = make(chan struct{})
		defer close(released)
		c.send("it is called", call(1, "deaf", nil))
		c.send("no grace at all", wire.Shutdown{})
		c.want("", wire.TypeShutdownAck)
		c.wantError("it is ended all the same", 1, wire.CodeCanceled)
		c.wantGoodbye("", 0)
		if c.passed() != 500*time.Millisecond {
			t.Errorf("Exiting came after %v", c.passed())
		}
		if err := c.ended(""); err != nil || c.passed() != 500*time.Millisecond {
			t.Errorf("Serve returned %v after %v", err, c.passed())
		}
	})
}

// A handler has a moment to clean up after the grace, and the process waits for it.
func TestHandlerCleansUp(t *testing.T) {
	var clean bool
	w := &child.Worker{Handlers: child.Handlers{"m": func(ctx context.Context, _ exchange.Request) error {
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond)
		clean = true
		return nil
	}}}
	introduced(t, w, func(c *talk) {
		c.send("", call(1, "m", nil), wire.Shutdown{})
		c.want("", wire.TypeShutdownAck)
		c.wantError("", 1, wire.CodeCanceled)
		c.wantGoodbye("", 0)
		if err := c.ended(""); err != nil || !clean {
			t.Errorf("%v, clean: %v", err, clean)
		}
	})
}

func TestSecondShutdownReplacesGrace(t *testing.T) {
	for _, test := range []struct{ first, second, want time.Duration }{
		{time.Hour, time.Second, 11 * time.Second},
		{11 * time.Second, time.Hour, time.Hour + 10*time.Second},
		{time.Hour, 0, 10 * time.Second},
	} {
		introduced(t, &child.Worker{Handlers: child.Handlers{"wait": wait}}, func(c *talk) {
			c.send("", call(1, "wait", nil), wire.Shutdown{Grace: test.first, Reason: "first"})
			c.wantFrame("", wire.ShutdownAck{InFlight: 1})
			time.Sleep(10 * time.Second)
			c.send("on second thoughts", wire.Shutdown{Grace: test.second, Reason: "second"})
			c.wantFrame("is acknowledged as well", wire.ShutdownAck{InFlight: 1})
			c.wantError("", 1, wire.CodeCanceled)
			if last := c.wantGoodbye("", 0); last.Reason != "second" || c.passed() != test.want {
				t.Errorf("%+v after %v; want %v", last, c.passed(), test.want)
			}
			c.ended("")
		})
	}
}

// The end of Serve's context, which SIGTERM is for Main, is a shutdown of its own.
func TestOwnShutdown(t *testing.T) {
	introduced(t, &child.Worker{Handlers: child.Handlers{"wait": wait}}, func(c *talk) {
		c.send("", call(1, "wait", nil))
		c.ping("", 1)
		c.cancel()
		c.wantFrame("an Ack that nobody asked for", wire.ShutdownAck{InFlight: 1})
		c.send("a new request", call(3, "wait", nil))
		c.wantError("is refused", 3, wire.CodeShuttingDown)
		c.wantError("what is open has its grace", 1, wire.CodeCanceled)
		c.wantGoodbye("", 0)
		if err := c.ended(""); err != nil || c.passed() != child.TermGrace {
			t.Errorf("%v after %v", err, c.passed())
		}
	})
}

// A host that answers the unasked Ack with a Shutdown is the one whose grace counts.
func TestShutdownAfterOwnShutdown(t *testing.T) {
	introduced(t, &child.Worker{Handlers: child.Handlers{"wait": wait}}, func(c *talk) {
		c.send("", call(1, "wait", nil))
		c.ping("", 1)
		c.cancel()
		c.wantFrame("", wire.ShutdownAck{InFlight: 1})
		c.send("the host wants it otherwise", wire.Shutdown{Grace: time.Minute})
		c.wantFrame("", wire.ShutdownAck{InFlight: 1})
		c.wantError("", 1, wire.CodeCanceled)
		c.wantGoodbye("", 0)
		if c.passed() != time.Minute {
			t.Errorf("after %v", c.passed())
		}
		c.ended("")
	})
}

// One that has nothing to do waits for the host a little, and refuses what was on its way.
func TestOwnShutdownOfIdle(t *testing.T) {
	for _, answer := range []struct {
		with []message
		want time.Duration
	}{
		{nil, time.Second},
		{[]message{wire.Shutdown{Grace: time.Minute, Reason: "it asked to be replaced"}}, 100 * time.Millisecond},
	} {
		introduced(t, &child.Worker{}, func(c *talk) {
			c.cancel()
			c.wantFrame("", wire.ShutdownAck{})
			time.Sleep(100 * time.Millisecond)
			c.send("a request that was on its way", call(1, "", nil))
			c.wantError("is refused", 1, wire.CodeShuttingDown)
			c.send("the host's answer, if there is one", answer.with...)
			if len(answer.with) > 0 {
				c.wantFrame("", wire.ShutdownAck{})
			}
			c.wantGoodbye("", 0)
			if c.passed() != answer.want {
				t.Errorf("after %v; want %v", c.passed(), answer.want)
			}
			c.ended("")
		})
	}
}

// SIGTERM during a shutdown shortens what is left of the grace, and never prolongs it.
func TestOwnShutdownDuringShutdown(t *testing.T) {
	for _, test := range []struct{ grace, want time.Duration }{
		{time.Hour, 10*time.Second + child.TermGrace},
		{11 * time.Second, 11 * time.Second},
	} {
		introduced(t, &child.Worker{Handlers: child.Handlers{"wait": wait}}, func(c *talk) {
			c.send("", call(1, "wait", nil), wire.Shutdown{Grace: test.grace})
			c.wantFrame("", wire.ShutdownAck{InFlight: 1})
			time.Sleep(10 * time.Second)
			c.cancel()
			c.wantError("no second Ack comes", 1, wire.CodeCanceled)
			c.wantGoodbye("", 0)
			if c.passed() != test.want {
				t.Errorf("after %v; want %v", c.passed(), test.want)
			}
			c.ended("")
		})
	}
}

func TestHostGone(t *testing.T) {
	released := make(chan struct{})
	for _, test := range []struct {
		name    string
		handler child.Handler
		want    time.Duration
	}{
		{"idle", nil, 0},
		{"waiting", wait, 0},
		{"deaf", func(context.Context, exchange.Request) error { <-released; return nil }, 500 * time.Millisecond},
		{"blocked in a send", func(_ context.Context, r exchange.Request) error {
			for {
				if err := r.Send(make([]byte, 1<<10)); err != nil {
					return err
				}
			}
		}, 0},
		{"receiving", echo, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			introduced(t, &child.Worker{Handlers: child.Handlers{"m": test.handler}}, func(c *talk) {
				released = make(chan struct{})
				defer close(released)
				if test.handler != nil {
					c.send("", wire.Input{ID: 1, Method: []byte("m"), Flags: wire.FlagEmpty})
				}
				time.Sleep(time.Hour)
				c.conn.Close()
				gone := time.Now()
				if err := <-c.served; !errors.Is(err, child.ErrHostGone) {
					t.Error(err)
				}
				if took := time.Since(gone); took != test.want {
					t.Errorf("after %v; want %v", took, test.want)
				}
			})
		})
	}
}

// The same while it is shutting down: the host's end comes first, though the handlers return
// at the same moment. Many times, since a wrong choice between the two would be by chance.
func TestHostGoneDuringShutdown(t *testing.T) {
	for range 100 {
		introduced(t, &child.Worker{Handlers: child.Handlers{"wait": wait}}, func(c *talk) {
			c.send("", call(1, "wait", nil), wire.Shutdown{Grace: time.Hour})
			c.want("", wire.TypeShutdownAck)
			c.conn.Close()
			if err := <-c.served; !errors.Is(err, child.ErrHostGone) || c.passed() != 0 {
				t.Errorf("%v after %v", err, c.passed())
			}
		})
	}
}

// Nor does a violation become an orderly end by that.
func TestViolationDuringShutdown(t *testing.T) {
	for range 100 {
		introduced(t, &child.Worker{Handlers: child.Handlers{"wait": wait}}, func(c *talk) {
			c.send("", call(1, "wait", nil), wire.Shutdown{Grace: time.Hour})
			c.want("", wire.TypeShutdownAck)
			c.body("an empty array", 0x90)
			var broken *wire.Violation
			if err := <-c.served; !errors.As(err, &broken) || broken.Rule != wire.RuleBodyArray {
				t.Error(err)
			}
		})
	}
}

// A host that does not read any more costs no more than the second for the last frame.
func TestHostDoesNotRead(t *testing.T) {
	w := &child.Worker{Handlers: child.Handlers{"flood": func(ctx context.Context, r exchange.Request) error {
		for {
			if err := r.Send(make([]byte, 1<<10)); err != nil {
				return err
			}
		}
	}}}
	converse(t, w, func(c *talk) {
		c.greet(wire.Initialize{Versions: []int{1}}) // without credit
		c.send("it fills the link", call(1, "flood", nil))
		synctest.Wait()
		c.send("and has no grace", wire.Shutdown{})
		if err := <-c.served; err == nil {
			t.Error("Serve returned nil, but the answers were lost")
		}
		if c.passed() > time.Second {
			t.Errorf("after %v", c.passed())
		}
	})
}
