package parent

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/wire"
)

// Time in which the host did not run is nobody's fault. A bubble can't stop one goroutine
// alone, so these call the clock's part of health themselves.

// looked is health whose timer the test is, with a ping that nobody has answered yet.
type looked struct {
	*health
	now time.Time
}

func newLooked(spec Health) *looked {
	w := &Worker{log: zap.NewNop()}
	w.events = w.newEvents()
	l := &looked{&health{w: w, spec: spec}, time.Now()}
	l.timer = time.AfterFunc(time.Hour, func() {})
	l.due = l.now
	l.sent()
	return l
}

// sent does what send does to the clock.
func (l *looked) sent() {
	p := l.enterLocked(l.now)
	l.asked, l.pinged, l.next, l.lost = p.seq, l.now, l.now.Add(l.spec.interval()), 0
}

// after lets time pass up to the next look, and then some in which the host does not run.
func (l *looked) after(stalled time.Duration) finding {
	wait := min(l.next.Sub(l.now), l.spec.step())
	l.due = l.now.Add(wait)
	l.now = l.due.Add(stalled)
	f := l.judge(l.now, 0)
	if f.ping {
		l.sent()
	}
	return f
}

func TestStallsInARow(t *testing.T) {
	l := newLooked(Health{Interval: time.Second, Timeout: 5 * time.Second})
	for i := range 50 {
		if f := l.after(time.Minute); l.unhealthy || l.misses != 0 || f.unresponsive || !f.ping {
			t.Fatalf("stall %d: %+v", i, f)
		}
	}
}

// After a stall the worker is asked twice more, whatever it owed before.
func TestProofAfterAStall(t *testing.T) {
	l := newLooked(Health{Interval: time.Second, Timeout: 5 * time.Second})
	for l.now.Sub(l.open[0].sent) < 4500*time.Millisecond {
		l.after(0)
	}
	before := l.seq
	if f := l.after(time.Minute); f.unresponsive || !f.ping {
		t.Errorf("right after a stall: %+v", f)
	}
	looks := 0
	for f := (finding{}); !f.unresponsive; looks++ {
		if f = l.after(0); looks > 20 {
			t.Fatal("never unresponsive")
		}
	}
	if asked := l.seq - before; asked < proofPings || looks < proofPings {
		t.Errorf("%d pings and %d looks after the stall", asked, looks)
	}
}

// A short stall now and then does not hide a worker that is stuck.
func TestShortStalls(t *testing.T) {
	l := newLooked(Health{Interval: time.Second, Timeout: 5 * time.Second})
	begun, stalled := l.now, time.Duration(0)
	for looks := 0; ; looks++ {
		stall := time.Duration(0)
		if looks%3 == 0 {
			stall = 90 * time.Millisecond
		}
		stalled += stall
		if l.after(stall).unresponsive {
			break
		}
		if looks > 100 {
			t.Fatal("never unresponsive")
		}
	}
	if ran := l.now.Sub(begun) - stalled; ran < 5*time.Second {
		t.Errorf("unresponsive after %v in which the host ran", ran)
	}
}

func TestAnswerReadAfterAStall(t *testing.T) {
	l := newLooked(Health{})
	l.due = l.now.Add(500 * time.Millisecond)
	news, asked := l.answered(wire.Pong{Seq: 1}, l.now.Add(time.Minute))
	if !asked || news.slow || l.last > 500*time.Millisecond {
		t.Errorf("slow %v, %v", news.slow, l.last)
	}
}

// Whatever sets the timer anew does not forget that it was late: a worker is not to blame for
// a Ping that was under way when the host was stopped, if a call or an answer is noticed
// before the timer is.
func TestTimerIsSetAfterAStall(t *testing.T) {
	for name, set := range map[string]func(l *looked){
		"by a call": func(l *looked) { l.setLocked(l.now, 0) },
		"by an answer": func(l *looked) {
			l.answered(wire.Pong{Seq: 1}, l.now)
			l.setLocked(l.now, 0)
		},
	} {
		l := newLooked(Health{Interval: time.Second, Timeout: 5 * time.Second})
		asked := &asking{ping: l.enterLocked(l.now), answered: make(chan time.Duration, 1)}
		l.asking = append(l.asking, asked)
		l.due = l.now.Add(500 * time.Millisecond)
		l.now = l.now.Add(time.Minute)
		set(l)
		if f := l.judge(l.now, 0); f.unresponsive || !f.ping {
			t.Errorf("%s: %+v", name, f)
		}
		l.answered(wire.Pong{Seq: 2}, l.now)
		if took := <-asked.answered; took > 500*time.Millisecond {
			t.Errorf("%s: the answer took %v", name, took)
		}
	}
}

// A machine that was suspended is noticed although no clock that Go has shows it.
func TestSuspendedMachine(t *testing.T) {
	defer func(real func() time.Duration) { suspended = real }(suspended)
	var slept atomic.Int64
	suspended = func() time.Duration { return time.Duration(slept.Load()) }
	spec := Spec{Health: Health{Interval: time.Second, Timeout: 10 * time.Second, Misses: -1}}
	attached(t, spec, func(c *talk) {
		for range 10 {
			c.ping("unanswered")
		}
		time.Sleep(600 * time.Millisecond) // 9.6 s
		slept.Store(int64(8 * time.Hour))
		c.ping("asked as soon as it is noticed")
		time.Sleep(500 * time.Millisecond)
		if c.w.State() != Ready {
			t.Fatalf("%v after %v, without having been asked again", c.w.State(), c.passed())
		}
		c.ping("asked once more")
		<-c.w.Done()
		if !strings.Contains(c.w.Exit().Reason, "no answer to a ping") || c.passed() > 15*time.Second {
			t.Errorf("%v after %v", c.w.Exit(), c.passed())
		}
	})
	slept.Store(0)
	attached(t, spec, func(c *talk) {
		for range 10 {
			c.ping("unanswered")
		}
		time.Sleep(600 * time.Millisecond)
		slept.Store(int64(time.Hour))
		c.pong("it answers once it is awake")
		for range 5 {
			c.pong("and lives")
		}
	})
}
