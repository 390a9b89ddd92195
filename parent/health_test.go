package parent

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// What pings tell, in the time of a bubble.

const (
	unhealthy = "the worker is unhealthy"
	recovered = "the worker has recovered"
	slow      = "the worker was slow to answer a ping"
)

// alarms counts calls of OnUnhealthy.
func alarms(h Health) (Spec, *atomic.Int32) {
	n := new(atomic.Int32)
	h.OnUnhealthy = func(*Worker) { n.Add(1) }
	return Spec{Health: h}, n
}

func TestHealthyForEver(t *testing.T) {
	spec, n := alarms(Health{})
	attached(t, spec, func(c *talk) {
		for range 1000 {
			c.pong("")
		}
		if c.passed() < 2490*time.Second || n.Load() != 0 || c.logged(unhealthy) != 0 || c.logged(slow) != 0 {
			t.Errorf("after %v: %v", c.passed(), c.seen.All())
		}
		if c.w.RoundTrip() != 0 {
			t.Error(c.w.RoundTrip())
		}
	})
}

func TestUnhealthyOnceASpell(t *testing.T) {
	spec, n := alarms(Health{Interval: time.Second, Timeout: time.Hour})
	attached(t, spec, func(c *talk) {
		for spell := int32(1); spell <= 3; spell++ {
			var last uint64
			for range 10 {
				last = c.ping("unanswered")
			}
			synctest.Wait()
			if got := n.Load(); got != spell || c.logged(unhealthy) != int(spell) {
				t.Errorf("spell %d: %d alarms, %d lines", spell, got, c.logged(unhealthy))
			}
			c.send("the newest is answered", wire.Pong{Seq: last})
			if c.logged(recovered) != int(spell) {
				t.Errorf("spell %d: no recovery", spell)
			}
		}
	})
}

// One ping that is missed is nothing, however often, if the next one is not.
func TestMissesMustBeInARow(t *testing.T) {
	spec, n := alarms(Health{Interval: time.Second})
	attached(t, spec, func(c *talk) {
		for range 20 {
			c.ping("missed")
			c.pong("answered")
		}
		if synctest.Wait(); n.Load() != 0 {
			t.Error(n.Load())
		}
	})
}

// A worker that answers each ping only after the next one is not well, though it answers.
func TestAlwaysLate(t *testing.T) {
	spec, n := alarms(Health{Interval: time.Second, Timeout: 10 * time.Second, SlowPong: -1})
	attached(t, spec, func(c *talk) {
		before := c.ping("")
		for range 30 {
			next := c.ping("the next one is here")
			c.send("the answer to the one before", wire.Pong{Seq: before})
			before = next
		}
		if synctest.Wait(); n.Load() != 1 || c.logged(recovered) != 0 || c.logged(slow) != 0 {
			t.Errorf("%d alarms; %v", n.Load(), c.seen.All())
		}
		if c.w.RoundTrip() != time.Second {
			t.Error(c.w.RoundTrip())
		}
		c.send("all is well", wire.Pong{Seq: before})
		if c.logged(recovered) != 1 {
			t.Error("no recovery")
		}
	})
}

func TestMissesNoneMeansNever(t *testing.T) {
	spec, n := alarms(Health{Interval: time.Second, Misses: -1, Timeout: -1})
	attached(t, spec, func(c *talk) {
		for range 3000 {
			c.ping("")
		}
		if synctest.Wait(); n.Load() != 0 {
			t.Error(n.Load())
		}
		c.w.health.mu.Lock()
		defer c.w.health.mu.Unlock()
		if n := len(c.w.health.open); n > maxOpenPings {
			t.Errorf("%d pings are remembered", n)
		}
	})
}

// A callback that hangs holds up nothing.
func TestOnUnhealthyHangs(t *testing.T) {
	spec := Spec{Health: Health{Interval: time.Second, Timeout: 10 * time.Second, OnUnhealthy: func(*Worker) { time.Sleep(time.Hour) }}}
	attached(t, spec, func(c *talk) {
		<-c.w.Done()
		if c.passed() != 11*time.Second { // of which 1 s is for who has not been told yet
			t.Error(c.passed())
		}
		time.Sleep(time.Hour) // until it hangs no more
	})
}

// From OnUnhealthy the worker can be shut down.
func TestOnUnhealthyShutsDown(t *testing.T) {
	spec := Spec{Stop: Stop{Grace: time.Second}, Health: Health{OnUnhealthy: func(w *Worker) { w.Shutdown(context.Background()) }}}
	attached(t, spec, func(c *talk) {
		<-c.w.Done()
		if !strings.Contains(c.w.Exit().Reason, "not shut down") {
			t.Error(c.w.Exit())
		}
	})
}

func TestUnresponsive(t *testing.T) {
	for _, test := range []struct {
		h           Health
		least, most time.Duration
	}{
		{Health{}, 60 * time.Second, 62500 * time.Millisecond},
		{Health{Interval: time.Hour, Timeout: time.Second}, time.Second, 1250 * time.Millisecond},
		{Health{Interval: time.Second, Timeout: time.Second}, time.Second, 1250 * time.Millisecond},
		{Health{Interval: time.Second, Timeout: 90 * time.Second}, 90 * time.Second, 91 * time.Second},
		{Health{Interval: time.Hour, Timeout: 1}, 0, 10 * time.Millisecond},
	} {
		attached(t, Spec{Health: test.h}, func(c *talk) {
			result := c.calls(c.Context(), "m")
			<-c.w.Done()
			if c.passed() < test.least || c.passed() > test.most {
				t.Errorf("%+v: after %v", test.h, c.passed())
			}
			if err := <-result; err == nil || !strings.Contains(err.Error(), "no answer to a ping for") {
				t.Error(err)
			}
		})
	}
}

// With an interval above the timeout pings still come only every interval, or as rarely as
// to an idle worker.
func TestIntervalAboveTimeout(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: time.Hour, Timeout: time.Second}}, func(c *talk) {
		for _, want := range []time.Duration{0, 2, 6, 10, 14} {
			c.pong("")
			if c.passed() != want*time.Hour {
				t.Errorf("a ping after %v; want %v", c.passed(), want*time.Hour)
			}
		}
	})
}

func TestNoPings(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: -1, Timeout: time.Second}}, func(c *talk) {
		time.Sleep(24 * time.Hour)
		result := c.calls(c.Context(), "m")
		c.send("", answer(c.input("no ping came").ID, nil))
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

func TestSlowPongIsRateLimited(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: time.Second}}, func(c *talk) {
		for range 61 {
			seq := c.ping("")
			time.Sleep(600 * time.Millisecond)
			c.send("", wire.Pong{Seq: seq})
		}
		if n := c.logged(slow); n != 3 { // after 0.6, 30.6 and 60.6 seconds
			t.Errorf("%d warnings in %v", n, c.passed())
		}
		if c.w.RoundTrip() != 600*time.Millisecond {
			t.Error(c.w.RoundTrip())
		}
	})
}

// A pong in front of the grave: one moment later the worker would have been unresponsive.
func TestJustInTimeForEver(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: 10 * time.Second, Timeout: 40 * time.Second}}, func(c *talk) {
		for range 20 {
			seq := c.ping("")
			time.Sleep(39 * time.Second)
			c.send("", wire.Pong{Seq: seq})
			for range 3 { // of the pings that have come meanwhile
				seq = c.ping("")
			}
			c.send("", wire.Pong{Seq: seq})
		}
		if c.logged("the worker is unresponsive and is killed") != 0 {
			t.Error(c.seen.All())
		}
	})
}
