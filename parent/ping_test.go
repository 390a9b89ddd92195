package parent

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// Pings on demand, and pings that change their pace.

// pinged is what Ping has returned.
type pinged struct {
	took time.Duration
	err  error
}

func (c *talk) asks(ctx context.Context) <-chan pinged {
	result := make(chan pinged, 1)
	go func() {
		took, err := c.w.Ping(ctx)
		result <- pinged{took, err}
	}()
	return result
}

func TestPing(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: -1}}, func(c *talk) {
		for i := range uint64(3) {
			result := c.asks(c.Context())
			seq := c.ping("asked for")
			if seq != i+1 {
				t.Errorf("number %d; want %d", seq, i+1)
			}
			time.Sleep(30 * time.Millisecond)
			c.send("", wire.Pong{Seq: seq})
			if r := <-result; r.err != nil || r.took != 30*time.Millisecond || c.w.RoundTrip() != r.took {
				t.Errorf("%+v, %v", r, c.w.RoundTrip())
			}
		}
	})
}

// Many may ask at a time, beside the pings that go by themselves, and a later answer is as
// good as the one that never comes.
func TestPingsTogether(t *testing.T) {
	attached(t, Spec{}, func(c *talk) {
		last := c.ping("the first by itself")
		var results []<-chan pinged
		for range 5 {
			results = append(results, c.asks(c.Context()))
			next := c.ping("")
			if next != last+1 {
				t.Errorf("%d after %d", next, last)
			}
			last = next
			time.Sleep(time.Millisecond)
		}
		c.send("the newest alone is answered", wire.Pong{Seq: last})
		for i, result := range results {
			if r := <-result; r.err != nil || r.took != time.Duration(5-i)*time.Millisecond {
				t.Errorf("%d: %+v", i, r)
			}
		}
		c.w.health.mu.Lock()
		defer c.w.health.mu.Unlock()
		if len(c.w.health.open) != 0 {
			t.Errorf("%d pings are open", len(c.w.health.open))
		}
	})
}

func TestPingFails(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: -1}}, func(c *talk) {
		ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
		defer cancel()
		if _, err := c.w.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) || c.passed() != time.Minute {
			t.Errorf("%v after %v", err, c.passed())
		}
		if c.w.State() != Ready || !c.w.Healthy() {
			t.Error("it is held against the worker")
		}
		result := c.asks(c.Context())
		c.ping("the one that was given up")
		c.ping("")
		c.conn.Close()
		var died *process.ExitError
		if r := <-result; !errors.As(r.err, &died) || died.Exit == nil {
			t.Errorf("the worker's death: %v", r.err)
		}
		if _, err := c.w.Ping(c.Context()); !errors.As(err, &died) {
			t.Errorf("a ping after the end: %v", err)
		}
		c.w.health.mu.Lock()
		defer c.w.health.mu.Unlock()
		if len(c.w.health.asking) != 0 {
			t.Error("somebody is still waiting")
		}
	})
}

// Somebody may be quicker with Ping than supervision is to begin.
func TestPingBeforeTheFirst(t *testing.T) {
	for range 50 {
		pinged := make(chan error, 1)
		spec := Spec{OnEvent: func(w *Worker, e Event) {
			if e == (StateChanged{State: Ready}) {
				took, err := w.Ping(context.Background())
				if took != 20*time.Millisecond {
					err = errors.Join(err, errors.New(took.String()))
				}
				pinged <- err
			}
		}}
		attached(t, spec, func(c *talk) {
			pings := []wire.Pong{{Seq: c.ping("one of the two")}, {Seq: c.ping("and the other")}}
			time.Sleep(20 * time.Millisecond)
			for _, pong := range pings {
				c.send("", pong)
			}
			if err := <-pinged; err != nil {
				t.Error(err)
			}
			c.pong("and pings go on")
		})
	}
	w := &Worker{}
	w.health.w = w
	w.health.open = []ping{{1, time.Now().Add(-time.Second)}}
	w.health.seq = 1
	if _, asked := w.health.answered(wire.Pong{Seq: 1}, time.Now()); !asked || w.health.last < time.Second {
		t.Error(w.health.last)
	}
}

// Ping before the worker is ready would break the protocol.
func TestPingTooEarly(t *testing.T) {
	w := &Worker{}
	if _, err := w.Ping(t.Context()); w.State() != Starting || err != errNotReady {
		t.Error(w.State(), err)
	}
}

// What Pongs may look like: to an old ping, twice, to none.
func TestOddPongs(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: time.Second}}, func(c *talk) {
		first := c.ping("")
		second := c.ping("the first is missed")
		before := c.w.peer.Ignored()
		c.send("the second, twice; then the first, which it stands for; and one that is yet to come",
			wire.Pong{Seq: second}, wire.Pong{Seq: second}, wire.Pong{Seq: first}, wire.Pong{Seq: second + 1}, wire.Pong{Seq: 1 << 52})
		synctest.Wait()
		if n := c.w.peer.Ignored() - before; n != 4 {
			t.Errorf("%d are ignored; want 4", n)
		}
		if third := c.ping(""); third != second+1 {
			t.Error(third)
		}
	})
}

// A worker that has nothing to do is asked ever more rarely, and at once more often when it
// has, or does not answer.
func TestIdleWorkersAreLeftAlone(t *testing.T) {
	attached(t, Spec{Health: Health{Interval: time.Second}}, func(c *talk) {
		at := func(why string, want time.Duration) uint64 {
			t.Helper()
			seq := c.ping(why)
			if c.passed() != want {
				t.Errorf("%s: a ping after %v; want %v", why, c.passed(), want)
			}
			return seq
		}
		seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
		for _, s := range []float64{0, 2, 6, 10, 14} {
			c.send("", wire.Pong{Seq: at("idle", seconds(s))})
		}
		time.Sleep(3 * time.Second)
		result := c.calls(c.Context(), "m")
		synctest.Wait()
		id := c.w.peer.Activity(0).Begun
		if id != 1 {
			t.Fatal(id)
		}
		in := c.pingsUntilInput(t, seconds(17))
		c.send("", wire.Pong{Seq: at("a call is open", seconds(18))})
		c.send("", wire.Pong{Seq: at("a call is open", seconds(19))})
		c.send("", answer(in.ID, nil))
		if err := <-result; err != nil {
			t.Error(err)
		}
		at("idle, and silent", seconds(20))
		at("so it is asked again", seconds(21))
		c.send("", wire.Pong{Seq: at("and again", seconds(22))})
		c.send("", wire.Pong{Seq: at("idle", seconds(24))})
		at("and still", seconds(28))
	})
}

// Idle workers are pinged at the same moments, whenever they have started.
func TestIdleWorkersArePingedTogether(t *testing.T) {
	attach(t, Spec{Health: Health{Interval: time.Second}}, func(c *talk, result <-chan error) {
		c.want("the host begins", wire.TypeInitialize)
		time.Sleep(123456789 * time.Nanosecond)
		c.send("the worker is ready", all)
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		c.pong("the first comes at once")
		for range 5 {
			before := time.Now()
			c.pong("idle")
			past := time.Duration(time.Now().UnixNano()) % (time.Second / gridPart)
			if took := time.Since(before); past != 0 || took > (maxStretch*gridPart+1)*time.Second/gridPart {
				t.Errorf("a ping after %v, %v from the common moment", took, past)
			}
		}
	})
}

// pingsUntilInput answers the ping that a call brings with it, and returns the Input.
func (c *talk) pingsUntilInput(t *testing.T, when time.Duration) (in wire.Input) {
	t.Helper()
	for asked := false; !asked || in.ID == 0; {
		body, _, err := c.in.Next()
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		switch m.Type {
		case wire.TypeInput:
			in, _ = m.Input()
		case wire.TypePing:
			p, _ := m.Ping()
			asked = true
			if c.passed() != when {
				t.Errorf("a ping after %v; want %v", c.passed(), when)
			}
			c.send("", wire.Pong{Seq: p.Seq})
		}
	}
	return in
}

func TestSetHealth(t *testing.T) {
	spec, n := alarms(Health{Interval: time.Second, Timeout: 5 * time.Second})
	attached(t, spec, func(c *talk) {
		c.ping("unanswered, and then nobody wants to know")
		h := spec.Health
		h.Interval = -1
		c.w.SetHealth(h)
		time.Sleep(time.Hour)
		if c.w.State() != Ready || n.Load() != 0 {
			t.Fatalf("%v, %d alarms", c.w.State(), n.Load())
		}
		h.Interval = 10 * time.Second
		c.w.SetHealth(h)
		c.pong("resumed at once")
		if c.passed() != time.Hour {
			t.Error(c.passed())
		}
		h.Interval, h.Timeout = 100*time.Millisecond, time.Hour
		c.w.SetHealth(h)
		before := c.passed()
		for range 11 {
			c.ping("at the new pace")
		}
		if c.passed()-before != time.Second {
			t.Error(c.passed() - before)
		}
		if synctest.Wait(); n.Load() != 1 || c.w.Healthy() {
			t.Errorf("%d alarms", n.Load())
		}
		h.Timeout = 500 * time.Millisecond
		c.w.SetHealth(h)
		before = c.passed()
		<-c.w.Done()
		if took := c.passed() - before; took < 500*time.Millisecond || took > 700*time.Millisecond {
			t.Errorf("the new timeout took %v", took)
		}
		c.w.SetHealth(h) // after the end it does nothing
	})
}
