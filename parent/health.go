package parent

import (
	"sync"
	"sync/atomic"
	"time"
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
	due   time.Time   // when the timer is to fire; zero while it is not set
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
	stood bool          // for long, since the last look
	slept time.Duration // of the machine, altogether
	proof int           // pings that must yet go unanswered before the worker is to blame

	// Judgement.
	misses    int // pings in a row that were unanswered by the next
	unhealthy bool
	watcher   func(healthy bool) // see WatchHealth
	warned    time.Time          // of a slow answer
	loopTold  bool               // that its main loop does not turn
	callsTold bool               // that calls do not end
	onStuck   func(stuck bool)   // see WatchStuck

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
	h.due = time.Time{}      // while nobody looks, nobody is late
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
	if f.unresponsive {
		close(h.w.silent)
		return
	}
	if f.ping {
		h.send()
	}
	h.rest()
}

// timeout is how long a ping may go unanswered.
func (h *health) timeout() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spec.timeout()
}

// turnLocked is the one place where a worker's health changes.
func (h *health) turnLocked(healthy bool) {
	if h.unhealthy == !healthy {
		return
	}
	h.unhealthy = !healthy
	if h.watcher != nil {
		h.watcher(healthy)
	}
}

// watch is WatchHealth.
func (h *health) watch(tell func(healthy bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watcher = tell
	if h.unhealthy {
		tell(false)
	}
}

// watchStuck is WatchStuck.
func (h *health) watchStuck(tell func(stuck bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.onStuck = tell
	if h.callsTold {
		tell(true)
	}
}

// isUnhealthy is for Worker.Healthy.
func (h *health) isUnhealthy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unhealthy
}
