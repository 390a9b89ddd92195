package parent

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/kinwire/kinwire/wire"
)

const (
	// slowPongEvery bounds how often a slow answer is told.
	slowPongEvery = 30 * time.Second
	// greaseEvery is after how many pings one message goes that means nothing.
	greaseEvery = 16
	// maxOpenPings bounds how many unanswered pings are remembered.
	maxOpenPings = 1 << 10
	// maxStretch is how many times the interval an idle worker is left alone.
	maxStretch = 4
	// proofPings is how many pings must go unanswered after the host did not run, before
	// silence is held against the worker.
	proofPings = 2
	// tolerance is for how long the host may not run without that.
	tolerance = 100 * time.Millisecond
)

// health is what pings tell of a worker. It goes by the host's monotonic clock alone, and
// leaves out the time in which the host itself did not run.
//
// It has no goroutine: a timer calls look when there is something to look at. That is when
// a ping is due, and while one is awaited, often enough to tell a host that stood still from
// a worker that does. A worker that has nothing to do is looked at once for each of its rare
// pings.
type health struct {
	w *Worker

	// order makes pings go out as their numbers rise, and one look come after the other.
	// It is taken before mu, and nothing is awaited under it.
	order sync.Mutex

	dozing atomic.Bool // the next ping is put off, until a call comes

	mu    sync.Mutex
	spec  Health
	timer *time.Timer // nil before start
	due   time.Time   // when the timer is to fire
	over  bool        // for good

	// Pings.
	seq    uint64    // of the newest ping
	asked  uint64    // of the newest that was not Ping's
	pinged time.Time // when that went
	next   time.Time // when the next one is due
	open   []ping    // unanswered, the oldest first
	asking []*asking // those who wait in Ping
	last   time.Duration

	// Time in which the host did not run.
	lost  time.Duration // since the newest ping
	slept time.Duration // of the machine, altogether
	proof int           // pings that must yet go unanswered before the worker is to blame

	// Judgement.
	misses    int // pings in a row that were unanswered by the next
	unhealthy bool
	warned    time.Time // of a slow answer
	loopTold  bool      // that its main loop does not turn
	callsTold bool      // that calls do not end

	// Idleness.
	begun   uint64 // calls up to the newest ping
	stretch int    // of the interval
	uneasy  bool   // the answer to the newest ping was not as it should be
	settled bool   // whether to put off the next ping is decided
}

type ping struct {
	seq  uint64
	sent time.Time
}

// start begins to ping.
func (h *health) start() {
	h.order.Lock()
	defer h.order.Unlock()
	h.w.peer.Send(grease(0))
	h.beginLocked()
}

// set is SetHealth.
func (h *health) set(spec Health) {
	h.order.Lock()
	defer h.order.Unlock()
	h.mu.Lock()
	started := h.timer != nil
	h.spec = spec
	h.misses, h.proof = 0, 0 // they were for other rules
	for i := range h.open {
		h.open[i].sent = time.Now()
	}
	h.mu.Unlock()
	if started {
		h.beginLocked()
	}
}

// beginLocked pings anew, or not at all. The caller holds order.
func (h *health) beginLocked() {
	h.mu.Lock()
	h.dozing.Store(false)
	h.stretch, h.slept = 1, suspended()
	if h.timer == nil {
		h.timer = time.AfterFunc(time.Hour, h.look)
	}
	h.timer.Stop()
	paused := h.over || h.spec.interval() < 0
	if !paused {
		h.due = time.Now()
	}
	h.mu.Unlock()
	if !paused {
		h.send()
		h.rest()
	}
}

// stop ends all that.
func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	if h.timer != nil {
		h.timer.Stop()
	}
}

// look judges the pings so far, does what follows from that, and sends the next one if it
// is due.
func (h *health) look() {
	h.order.Lock()
	defer h.order.Unlock()
	f := h.judge(time.Now(), suspended())
	if f.over {
		return
	}
	if f.sick {
		h.w.tell(Unhealthy{f.misses})
		if f.alarm != nil {
			h.w.events.put(1, func() { f.alarm(h.w) })
		}
	}
	if f.unresponsive {
		close(h.w.silent)
		return
	}
	if f.ping {
		h.send()
	}
	h.rest()
}

// finding is what a look at the pings has found.
type finding struct {
	over         bool // nobody wants to know any more
	ping         bool // it is time for the next one
	sick         bool // the worker is unhealthy from now on
	misses       int
	alarm        func(*Worker) // OnUnhealthy
	unresponsive bool
}

// judge looks at the pings. slept is for how long the machine has been suspended, ever.
func (h *health) judge(now time.Time, slept time.Duration) (f finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || h.spec.interval() < 0 {
		return finding{over: true}
	}
	stood := h.excuseLocked(now, slept)
	timeout := h.spec.timeout()
	silent := timeout > 0 && len(h.open) > 0 && now.Sub(h.open[0].sent) >= timeout
	f.ping = stood || !now.Before(h.next)
	if silent && h.proof > 0 {
		h.proof--
		f.ping, silent = true, false
	}
	f.unresponsive = silent
	h.over = silent
	excused := stood || 2*h.lost > h.spec.interval()
	if f.ping && h.awaitedLocked() {
		h.stretch = 1
		if !excused {
			h.misses++
		}
	}
	if allowed := h.spec.misses(); allowed > 0 && h.misses >= allowed && !h.unhealthy {
		h.unhealthy, f.sick, f.alarm = true, true, h.spec.OnUnhealthy
	}
	f.misses = h.misses
	return f
}

// excuseLocked leaves out the time in which the host has not run since it was last known to,
// as far as can be told: the timer was late, or the machine was suspended. What the host did
// not read meanwhile is not the worker's fault. It reports whether that was long enough to
// ask the worker again before anything is held against it.
func (h *health) excuseLocked(now time.Time, slept time.Duration) (stood bool) {
	late := h.lateLocked(now)
	suspended := slept-h.slept > tolerance
	h.slept, h.due = slept, now
	h.lost += late
	for i := range h.open {
		h.open[i].sent = h.open[i].sent.Add(late)
	}
	stood = suspended || late > max(tolerance, h.spec.step()/2)
	if stood {
		h.proof = proofPings
	}
	return stood
}

// lateLocked returns for how long the timer should have fired already, and has not.
func (h *health) lateLocked(now time.Time) time.Duration {
	if h.due.IsZero() {
		return 0 // it was never set
	}
	return max(0, now.Sub(h.due))
}

// awaitedLocked reports whether the newest ping is unanswered, those of Ping aside.
func (h *health) awaitedLocked() bool {
	for _, p := range h.open {
		if p.seq == h.asked {
			return true
		}
	}
	return false
}

// rest sets the timer for the next look.
func (h *health) rest() {
	a := h.w.peer.Activity(h.stuckAfter())
	h.abandoned(a)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer == nil || h.over || h.spec.interval() < 0 {
		return
	}
	now := time.Now()
	awaited := h.awaitedLocked()
	if !awaited && !h.settled {
		h.settled = true
		h.settleLocked(a.Open == 0 && a.Begun == h.begun)
	}
	wait := h.next.Sub(now)
	if awaited {
		wait = min(wait, h.spec.step())
	}
	h.setLocked(now, wait)
}

// settleLocked decides, once a ping is answered, when the next one is due.
func (h *health) settleLocked(idle bool) {
	if !idle || h.unhealthy || h.uneasy {
		h.stretch = 1
		return
	}
	h.stretch = min(2*h.stretch, maxStretch)
	h.next = h.pinged.Add(time.Duration(h.stretch) * h.spec.interval())
	h.dozing.Store(true)
}

// rouse goes back to the usual interval, as a call comes.
func (h *health) rouse() {
	if !h.dozing.Swap(false) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stretch = 1
	if h.over || h.spec.interval() < 0 {
		return
	}
	now := time.Now()
	h.next = h.pinged.Add(h.spec.interval())
	h.setLocked(now, h.next.Sub(now))
}

// setLocked sets the timer.
func (h *health) setLocked(now time.Time, wait time.Duration) {
	wait = max(0, wait)
	h.due = now.Add(wait)
	h.timer.Reset(wait)
}

// timeout is how long a ping may go unanswered.
func (h *health) timeout() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spec.timeout()
}

// isUnhealthy is for Worker.Healthy.
func (h *health) isUnhealthy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unhealthy
}

// grease is a message that means nothing.
type grease uint64

func (g grease) Append(dst []byte) []byte { return wire.AppendGrease(dst, uint64(g)) }
