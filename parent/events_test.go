package parent

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// What OnEvent is told, and when.

// recorded makes spec keep its events.
func recorded(spec Spec) (Spec, func() []Event) {
	var mu sync.Mutex
	var all []Event
	spec.OnEvent = func(w *Worker, e Event) {
		mu.Lock()
		defer mu.Unlock()
		if w == nil {
			panic("an event of nobody")
		}
		all = append(all, e)
	}
	return spec, func() []Event {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// wantEvents compares events with how they print.
func wantEvents(t *testing.T, got []Event, want ...string) {
	t.Helper()
	var lines []string
	for _, e := range got {
		lines = append(lines, strings.TrimPrefix(fmt.Sprintf("%T%v", e, e), "parent."))
	}
	ok := slices.EqualFunc(lines, want, func(got, want string) bool { return strings.HasPrefix(got, want) })
	if !ok {
		t.Errorf("events:\n\t%s\nwant:\n\t%s", strings.Join(lines, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestEventsOfALife(t *testing.T) {
	spec, seen := recorded(Spec{Health: Health{Interval: time.Second}})
	attached(t, spec, func(c *talk) {
		seq := c.ping("")
		for range 2 {
			seq = c.ping("missed")
		}
		time.Sleep(700 * time.Millisecond)
		c.send("late, but in time", wire.Pong{Seq: seq})
		synctest.Wait()
		go c.w.ShutdownFor(c.Context(), "the day is over")
		c.want("", wire.TypeShutdown)
		c.send("", wire.ShutdownAck{}, wire.Exiting{Reason: "good night"})
		<-c.w.Done()
		wantEvents(t, seen(), "StateChanged{starting }", "StateChanged{ready }", "Unhealthy{2}", "Recovered{}", "SlowPong{700ms}",
			"StateChanged{stopping the day is over}", "StateChanged{exited ended in an unknown way (the day is over; it said: good night)")
	})
}

// A worker that asks to be replaced.
func TestEventsOfLeaving(t *testing.T) {
	spec, seen := recorded(Spec{})
	attached(t, spec, func(c *talk) {
		c.send("", wire.ShutdownAck{})
		c.want("", wire.TypeShutdown)
		c.send("", wire.Exiting{Reason: "old"})
		<-c.w.Done()
		wantEvents(t, seen(), "StateChanged{starting }", "StateChanged{ready }", "StateChanged{leaving }", "StateChanged{stopping it asked to be replaced}", "StateChanged{exited ")
		if !c.w.Graceful() {
			t.Error(c.w.Exit())
		}
	})
}

// A start that fails is one that has begun.
func TestEventsOfAFailedStart(t *testing.T) {
	spec, seen := recorded(Spec{})
	attach(t, spec, func(c *talk, result <-chan error) {
		c.want("", wire.TypeInitialize)
		c.send("", wire.Initialized{Version: 1, Error: wire.Errorf("licence", "none")}, wire.Exiting{Code: 1, Reason: "no licence"})
		if err := <-result; !isCode(err, "licence") {
			t.Error(err)
		}
		wantEvents(t, seen(), "StateChanged{starting }", "StateChanged{exited ")
	})
	spec, seen = recorded(Spec{})
	attach(t, spec, func(c *talk, result <-chan error) {
		c.want("", wire.TypeInitialize)
		if err := <-result; !errors.Is(err, ErrNoHandshake) {
			t.Error(err)
		}
		wantEvents(t, seen(), "StateChanged{starting }", "StateChanged{stopping no handshake within 10s", "StateChanged{exited ")
	})
}

// In the last event the report is there, and Done is not closed yet.
func TestLastEvent(t *testing.T) {
	spec := Spec{OnEvent: func(w *Worker, e Event) {
		if e, ok := e.(StateChanged); !ok || e.State != Exited {
			return
		}
		if w.Exit() == nil || w.State() != Exited || w.Healthy() || w.Graceful() {
			panic("the report is not there")
		}
		select {
		case <-w.Done():
			panic("Done is closed already")
		default:
		}
	}}
	attached(t, spec, func(c *talk) {
		if c.w.Exit() != nil || c.w.Graceful() || !c.w.Healthy() {
			t.Error("a report before the end")
		}
		c.conn.Close()
		<-c.w.Done()
	})
}

// A callback that hangs blocks nothing; what does not fit is counted, and the last event comes.
func TestOnEventHangs(t *testing.T) {
	gate := make(chan struct{})
	var seen []Event
	over := make(chan struct{})
	synctest.Test(t, func(t *testing.T) {
		gate, over = make(chan struct{}), make(chan struct{})
		spec := Spec{Health: Health{Interval: time.Second, Misses: 1}, OnEvent: func(_ *Worker, e Event) {
			<-gate
			seen = append(seen, e)
			if e, ok := e.(StateChanged); ok && e.State == Exited {
				close(over)
			}
		}}
		ours, theirs := transport.Pair()
		c := &talk{T: t, conn: ours, in: wire.NewReader(ours), begun: time.Now()}
		begun := make(chan error, 1)
		go func() {
			var err error
			c.w, err = Attach(t.Context(), theirs, spec)
			begun <- err
		}()
		c.want("", wire.TypeInitialize)
		c.send("", all)
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
		const spells = 300
		for range spells {
			c.ping("missed, which is an event")
			c.pong("answered, which is another")
		}
		synctest.Wait()
		ended := time.Now()
		ours.Close()
		<-c.w.Done()
		if took := time.Since(ended); took > 3*time.Second {
			t.Errorf("the end took %v", took)
		}
		close(gate)
		<-over
		n := len(seen)
		lost, _ := seen[n-2].(EventsLost)
		if n > maxEvents+4 || n-2+lost.Count != 2+2*spells {
			t.Errorf("%d events, the last but one %+v", n, seen[n-2])
		}
	})
}

// OnEvent may do what it likes, and even wait for the end.
func TestOnEventShutsDown(t *testing.T) {
	var err error
	spec := Spec{OnEvent: func(w *Worker, e Event) {
		if e, ok := e.(StateChanged); ok && e.State == Ready {
			err = w.ShutdownFor(context.Background(), "changed my mind")
		}
	}}
	attached(t, spec, func(c *talk) {
		down, _ := c.want("", wire.TypeShutdown).Shutdown()
		if down.Reason != "changed my mind" {
			t.Error(down.Reason)
		}
		c.send("", wire.Exiting{})
		<-c.w.Done()
		synctest.Wait()
		if err != nil {
			t.Error(err)
		}
	})
}

// Somebody may want the end of a worker that is not ready, and does not wait until it is.
func TestShutdownBeforeReady(t *testing.T) {
	ended := make(chan error, 1)
	spec := Spec{StartTimeout: -1, OnEvent: func(w *Worker, e Event) {
		if e == (StateChanged{State: Starting}) {
			go func() { ended <- w.ShutdownFor(context.Background(), "changed my mind") }()
		}
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ours, theirs := transport.Pair()
	defer ours.Close()
	_, err := Attach(ctx, theirs, spec)
	if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "before it was ready: changed my mind") {
		t.Errorf("the start: %v", err)
	}
	var died *process.ExitError
	if err := <-ended; !errors.As(err, &died) || !strings.Contains(died.Exit.Reason, "changed my mind") {
		t.Errorf("the end: %v", err)
	}
}

// The first reason counts, and no reason of either side grows without bound.
func TestReasons(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	attached(t, Spec{}, func(c *talk) {
		results := make(chan error, 2)
		go func() { results <- c.w.ShutdownFor(c.Context(), long) }()
		down, err := c.want("", wire.TypeShutdown).Shutdown()
		if err != nil || len(down.Reason) > maxReason+10 || !strings.HasPrefix(down.Reason, "xxx") {
			t.Errorf("%d bytes, %v", len(down.Reason), err)
		}
		go func() { results <- c.w.ShutdownFor(c.Context(), "another") }()
		synctest.Wait()
		c.send("", wire.Exiting{Code: 3, Reason: strings.Repeat("y", 1<<20)})
		for range 2 {
			if err := <-results; err == nil || len(err.Error()) > 4*maxReason || !strings.Contains(err.Error(), "it said: yyy") {
				t.Errorf("%.100v", err)
			}
		}
		e := c.w.Exit()
		if e.Said == nil || e.Said.Code != 3 || len(e.Said.Reason) > maxReason+10 || e.Reason != down.Reason || c.w.Graceful() {
			t.Errorf("%v", e)
		}
	})
}

func TestStateStrings(t *testing.T) {
	for s, want := range map[State]string{Starting: "starting", Ready: "ready", Leaving: "leaving", Stopping: "stopping", Exited: "exited"} {
		if s.String() != want {
			t.Errorf("%d is %q", s, s)
		}
	}
}

// curious is a core that tells when it is asked for a level.
type curious struct {
	zapcore.Core
	asked func(zapcore.Level)
}

func (c curious) With(fields []zapcore.Field) zapcore.Core {
	return curious{c.Core.With(fields), c.asked}
}

func (c curious) Enabled(level zapcore.Level) bool {
	c.asked(level)
	return c.Core.Enabled(level)
}

// An answer that comes while somebody is told that there is none does not overtake that.
func TestRecoveryComesAfterIllness(t *testing.T) {
	var w atomic.Pointer[Worker]
	answer := sync.OnceFunc(func() {
		go w.Load().health.pong(wire.Pong{Seq: 2}, time.Now())
		for range 1000 { // it has all the time it needs, unless it has to wait for us
			runtime.Gosched()
		}
	})
	spec, events := recorded(Spec{
		Health: Health{Interval: time.Second, SlowPong: -1},
		Logger: zap.New(curious{zapcore.NewNopCore(), func(level zapcore.Level) {
			if level == zapcore.WarnLevel && w.Load() != nil {
				answer()
			}
		}}),
	})
	attached(t, spec, func(c *talk) {
		w.Store(c.w)
		c.ping("unanswered")
		c.ping("unanswered, and so the worker is unhealthy from the next one on")
		c.ping("the next one")
		synctest.Wait()
		want := []string{"StateChanged{starting", "StateChanged{ready", "Unhealthy{2"}
		if c.w.Healthy() {
			want = append(want, "Recovered{")
		}
		wantEvents(t, events(), want...)
	})
}
