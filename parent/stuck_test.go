package parent

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// Workers that live and do not get on.

// stucks are the events of that kind.
func stucks(h Health) (Spec, func() []Stuck) {
	spec, seen := recorded(Spec{Health: h})
	return spec, func() (all []Stuck) {
		for _, e := range seen() {
			if e, ok := e.(Stuck); ok {
				all = append(all, e)
			}
		}
		return all
	}
}

// A main loop that does not turn is told once, until it turns again.
func TestStuckLoop(t *testing.T) {
	spec, seen := stucks(Health{Interval: time.Second})
	attached(t, spec, func(c *talk) {
		pong := func(stuck time.Duration) {
			c.send("", wire.Pong{Seq: c.ping(""), Status: wire.Status{InFlight: 1, Stuck: stuck}})
		}
		for spell := 1; spell <= 3; spell++ {
			pong(9999 * time.Millisecond)
			synctest.Wait()
			if n := len(seen()); n != spell-1 {
				t.Fatalf("not stuck yet: %v", seen())
			}
			for i := range 5 {
				pong(time.Duration(10+i) * time.Second)
			}
			synctest.Wait()
			if all := seen(); len(all) != spell || all[spell-1] != (Stuck{For: 10 * time.Second}) {
				t.Fatalf("spell %d: %v", spell, all)
			}
			if !c.w.Healthy() {
				t.Error("it answers, and is not healthy")
			}
		}
	})
}

// So is a call that does not end although its caller has left.
func TestStuckCall(t *testing.T) {
	spec, seen := stucks(Health{Interval: time.Second, Stuck: 3 * time.Second})
	attached(t, spec, func(c *talk) {
		ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
		defer cancel()
		var told []bool
		c.w.WatchStuck(func(stuck bool) { told = append(told, stuck) })
		result := c.calls(ctx, "m")
		id := uint64(0)
		for range 8 {
			id = max(id, c.pongAndInput())
		}
		if err := <-result; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		synctest.Wait()
		all := seen()
		if len(all) != 1 || all[0].Calls != 1 || all[0].For < 3*time.Second || all[0].For > 4*time.Second {
			t.Errorf("%+v", all)
		}
		if !c.w.Healthy() || c.w.State() != Ready {
			t.Error("it answers, and is not healthy")
		}
		c.send("it comes to its end", wire.Output{ID: id, Flags: wire.FlagEnd | wire.FlagError, Payload: wire.Errorf("canceled", "").Append(nil)})
		c.pongAndInput()
		synctest.Wait()
		c.w.health.mu.Lock()
		defer c.w.health.mu.Unlock()
		if c.w.health.callsTold {
			t.Error("a further spell would not be told")
		}
		if !slices.Equal(told, []bool{true, false}) {
			t.Errorf("who watches was told %v", told)
		}
	})
}

// pongAndInput answers the next ping, and returns the id of an Input that came before it.
func (c *talk) pongAndInput() (id uint64) {
	c.Helper()
	for {
		body, _, err := c.in.Next()
		if err != nil {
			c.Fatal(err)
		}
		m, err := wire.Parse(body)
		if err != nil {
			c.Fatal(err)
		}
		switch m.Type {
		case wire.TypeInput:
			in, _ := m.Input()
			id = in.ID
		case wire.TypePing:
			p, _ := m.Ping()
			c.send("", wire.Pong{Seq: p.Seq})
			return id
		}
	}
}

func TestStuckIsNotLookedFor(t *testing.T) {
	spec, seen := stucks(Health{Interval: time.Second, Stuck: -1})
	attached(t, spec, func(c *talk) {
		ctx, cancel := context.WithCancel(c.Context())
		c.calls(ctx, "m")
		c.pongAndInput()
		cancel()
		for range 100 {
			c.pongAndInput()
		}
		if synctest.Wait(); len(seen()) != 0 {
			t.Error(seen())
		}
	})
}
