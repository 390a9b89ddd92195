package parent

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/wire"
)

const (
	// slowPongEvery bounds how often a slow answer is logged.
	slowPongEvery = 30 * time.Second
	// greaseEvery is after how many pings one message goes that means nothing.
	greaseEvery = 16
	// maxOpenPings bounds how many unanswered pings are remembered.
	maxOpenPings = 1 << 10
)

// health is what pings tell of a worker. It goes by the host's monotonic clock alone, and
// leaves out the time in which the host itself did not run.
//
// It looks at the worker every beat, and every few beats it sends a ping.
type health struct {
	w      *Worker
	ticker *time.Ticker
	alarms chan struct{} // to whoever calls OnUnhealthy; nil if nobody does

	beat      time.Duration
	pingEvery int // beats

	mu        sync.Mutex
	seq       uint64        // of the newest ping
	open      []ping        // unanswered, the oldest first
	lastBeat  time.Time     // when the host was last known to run
	beats     int           // since the newest ping
	lost      time.Duration // since the newest ping, in which the host did not run
	misses    int           // pings in a row that were unanswered by the next
	unhealthy bool
	last      time.Duration
	warned    time.Time
}

type ping struct {
	seq  uint64
	sent time.Time
}

// init finds out how often to look, so that a timeout is noticed soon after it has come,
// however it compares with the interval.
func (h *health) init(w *Worker) {
	interval, timeout := w.spec.Health.interval(), w.spec.Health.timeout()
	h.w, h.pingEvery = w, 1
	if timeout > 0 && timeout < 4*interval {
		h.pingEvery = int((4*interval + timeout - 1) / timeout)
		h.pingEvery = max(1, min(h.pingEvery, int(interval/time.Millisecond)))
	}
	h.beat = interval / time.Duration(h.pingEvery)
}

// start begins to ping.
func (h *health) start() {
	h.w.peer.Send(grease(0))
	if h.w.spec.Health.interval() < 0 {
		return
	}
	if h.w.spec.Health.OnUnhealthy != nil {
		h.alarms = make(chan struct{}, 1)
		go h.alarm() // until stop, and its last OnUnhealthy has returned
	}
	now := time.Now()
	h.ticker = time.NewTicker(h.beat)
	h.mu.Lock()
	h.lastBeat = now
	h.mu.Unlock()
	h.send(now)
}

// stop ends what start has begun.
func (h *health) stop() {
	if h.ticker != nil {
		h.ticker.Stop()
	}
	if h.alarms != nil {
		close(h.alarms)
	}
}

// alarm calls OnUnhealthy, which supervision must not wait for.
func (h *health) alarm() {
	for range h.alarms {
		h.w.spec.Health.OnUnhealthy()
	}
}

// ticks tells when to call tick.
func (h *health) ticks() <-chan time.Time {
	if h.ticker == nil {
		return nil
	}
	return h.ticker.C
}

// tick judges the pings so far and sends the next one if it is due. It reports whether the
// worker is unresponsive. now is the time of the call, and not that of the ticker: the tick
// may have waited.
func (h *health) tick(now time.Time) (unresponsive bool) {
	due, sick, misses, unresponsive := h.judge(now)
	if sick {
		h.w.log.Warn("the worker is unhealthy", zap.Int("unanswered_pings", misses))
		select {
		case h.alarms <- struct{}{}:
		default: // nobody wants to know, or is still being told
		}
	}
	if due && !unresponsive {
		h.send(now)
	}
	return unresponsive
}

// judge is tick without its consequences: due says that it is time for the next ping, and
// sick that the worker is unhealthy from now on.
func (h *health) judge(now time.Time) (due, sick bool, misses int, unresponsive bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stalled := h.stalledLocked(now)
	h.lastBeat = now
	h.lost += stalled
	// What the host did not read meanwhile is not the worker's fault.
	for i := range h.open {
		h.open[i].sent = h.open[i].sent.Add(stalled)
	}
	h.beats++
	due = h.beats >= h.pingEvery
	excused := 2*h.lost > h.w.spec.Health.interval()
	if due && h.awaitedLocked() && !excused {
		h.misses++
	}
	if allowed := h.w.spec.Health.misses(); allowed > 0 && h.misses >= allowed && !h.unhealthy {
		h.unhealthy, sick = true, true
	}
	timeout := h.w.spec.Health.timeout()
	unresponsive = timeout > 0 && len(h.open) > 0 && now.Sub(h.open[0].sent) >= timeout
	return due, sick, h.misses, unresponsive
}

// stalledLocked returns for how long the host has not run since the last beat, as far as
// the beat being late can tell.
func (h *health) stalledLocked(now time.Time) time.Duration {
	return max(0, now.Sub(h.lastBeat)-h.beat)
}

// awaitedLocked reports whether the newest ping is unanswered.
func (h *health) awaitedLocked() bool {
	n := len(h.open)
	return n > 0 && h.open[n-1].seq == h.seq
}

// send sends a ping, and now and then some grease.
func (h *health) send(now time.Time) {
	h.mu.Lock()
	h.seq++
	seq := h.seq
	h.beats, h.lost = 0, 0
	if len(h.open) == maxOpenPings {
		h.open = append(h.open[:1], h.open[2:]...) // the oldest tells for how long there was no answer
	}
	h.open = append(h.open, ping{seq, now})
	h.mu.Unlock()
	if seq%greaseEvery == 0 {
		h.w.peer.Send(grease(seq))
	}
	h.w.peer.Send(wire.Ping{Seq: seq})
}

// grease is a message that means nothing.
type grease uint64

func (g grease) Append(dst []byte) []byte { return wire.AppendGrease(dst, uint64(g)) }

// pong takes an answer, and with it all to earlier pings. Answers to nothing are ignored.
func (h *health) pong(seq uint64, now time.Time) {
	a, asked := h.answered(seq, now)
	if !asked {
		h.w.peer.Ignore()
	}
	if a.recovered {
		h.w.log.Info("the worker has recovered")
	}
	if a.slow {
		h.w.log.Warn("the worker was slow to answer a ping", zap.Duration("round_trip", a.roundTrip))
	}
}

// pongNews is what a Pong tells.
type pongNews struct {
	roundTrip time.Duration
	recovered bool // the worker was unhealthy up to it
	slow      bool // and somebody should know
}

// answered is pong without its consequences, and reports whether anybody had asked. Only the answer to the newest ping is in time:
// a worker that is late for every ping does not recover by that.
func (h *health) answered(seq uint64, now time.Time) (a pongNews, asked bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, p := range h.open {
		if p.seq != seq {
			continue
		}
		h.open = append(h.open[:0], h.open[i+1:]...)
		stalled := h.stalledLocked(now)
		h.last = max(0, now.Sub(p.sent)-stalled)
		if seq == h.seq {
			a.recovered = h.unhealthy
			h.misses, h.unhealthy = 0, false
		}
		limit := h.w.spec.Health.slowPong()
		if limit > 0 && h.last >= limit && stalled == 0 && (h.warned.IsZero() || now.Sub(h.warned) >= slowPongEvery) {
			h.warned, a.slow = now, true
		}
		a.roundTrip = h.last
		return a, true
	}
	return pongNews{}, false
}

func (h *health) roundTrip() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}
