package parent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/wire"
)

const (
	// slowPongEvery bounds how often a slow answer is told.
	slowPongEvery = 30 * time.Second
	// greaseEvery is after how many pings one message goes that means nothing.
	greaseEvery = 16
	// maxOpenPings bounds how many unanswered pings are remembered.
	maxOpenPings = 1 << 10
)

// errNotReady is what a Ping before its time fails with.
var errNotReady = errors.New("the worker is not initialised yet")

// Ping asks the worker whether it lives, now, and returns how long its answer took by this
// process's clock. It does so also while the worker is not pinged. The error is that of ctx,
// or a *process.ExitError if the worker's end comes first.
func (w *Worker) Ping(ctx context.Context) (time.Duration, error) {
	if w.State() == Starting {
		return 0, errNotReady
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	a := w.health.ask()
	defer w.health.forget(a)
	select {
	case took := <-a.answered:
		return took, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-w.peer.Ended():
		return 0, w.verdict(ctx, &peer.LostError{Sent: true, Cause: w.peer.Err()})
	}
}

// RoundTrip is how long the last ping took that was answered, by this process's clock; 0
// before the first.
func (w *Worker) RoundTrip() time.Duration {
	w.health.mu.Lock()
	defer w.health.mu.Unlock()
	return w.health.last
}

// SetHealth says how the worker is watched from now on, in place of Spec.Health. A negative
// Interval pauses the pings, and the next SetHealth without one resumes them. An unhealthy
// worker stays so until it has answered.
func (w *Worker) SetHealth(h Health) { w.health.set(h) }

// asking is somebody who waits in Ping.
type asking struct {
	ping
	answered chan time.Duration // has room for the answer
}

// ask sends a ping for somebody who waits for its answer, until forget.
func (h *health) ask() *asking {
	h.order.Lock()
	defer h.order.Unlock()
	a := &asking{answered: make(chan time.Duration, 1)}
	h.mu.Lock()
	a.ping = h.enterLocked(time.Now())
	h.asking = append(h.asking, a)
	h.mu.Unlock()
	h.w.peer.Send(wire.Ping{Seq: a.seq})
	return a
}

// forget ends the wait of somebody.
func (h *health) forget(a *asking) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asking = slices.DeleteFunc(h.asking, func(other *asking) bool { return other == a })
}

// send sends the ping that is due, and now and then some grease. The caller holds order.
func (h *health) send() {
	begun := h.w.peer.Activity(0).Begun
	h.mu.Lock()
	now := time.Now()
	p := h.enterLocked(now)
	h.asked, h.pinged, h.next = p.seq, now, now.Add(h.spec.interval())
	h.lost, h.begun, h.settled, h.uneasy = 0, begun, false, false
	h.mu.Unlock()
	h.dozing.Store(false)
	if p.seq%greaseEvery == 0 {
		h.w.peer.Send(grease(p.seq))
	}
	h.w.peer.Send(wire.Ping{Seq: p.seq})
}

// enterLocked makes the next ping.
func (h *health) enterLocked(now time.Time) ping {
	h.seq++
	if len(h.open) == maxOpenPings {
		h.open = append(h.open[:1], h.open[2:]...) // the oldest tells for how long there was no answer
	}
	p := ping{h.seq, now}
	h.open = append(h.open, p)
	return p
}

// pong takes an answer, and with it all to earlier pings. Answers to nothing are ignored.
func (h *health) pong(m wire.Pong, now time.Time) {
	news, asked := h.answered(m, now)
	if !asked {
		h.w.peer.Ignore()
	}
	if news.slow {
		h.w.tell(SlowPong{news.roundTrip})
	}
	if news.stuck {
		h.w.tell(Stuck{For: m.Status.Stuck})
	}
	if news.inTime {
		h.rest()
	}
}

// pongNews is what a Pong tells.
type pongNews struct {
	roundTrip time.Duration
	inTime    bool // it is the answer to the newest ping
	slow      bool // and somebody should know
	stuck     bool // its main loop is, as it says, and nobody knows yet
}

// answered is pong without its consequences, and reports whether anybody had asked. Only the
// answer to the newest ping is in time: a worker that is late for every ping does not
// recover by that.
func (h *health) answered(m wire.Pong, now time.Time) (news pongNews, asked bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.IndexFunc(h.open, func(p ping) bool { return p.seq == m.Seq })
	if at < 0 {
		return news, false
	}
	late := h.lateLocked(now) > 0 // and so the host may have read late as well
	h.excuseLocked(now)
	h.last = max(0, now.Sub(h.open[at].sent))
	h.open = append(h.open[:0], h.open[at+1:]...)
	for _, a := range h.asking {
		if a.seq <= m.Seq && len(a.answered) == 0 {
			a.answered <- max(0, now.Sub(a.sent))
		}
	}
	if m.Seq >= h.asked {
		news.inTime, h.misses = true, 0
		h.recoverLocked()
	}
	news.roundTrip = h.last
	if limit := h.spec.slowPong(); limit > 0 && h.last >= limit && !late {
		h.uneasy = true
		if h.warned.IsZero() || now.Sub(h.warned) >= slowPongEvery {
			h.warned, news.slow = now, true
		}
	}
	stuck := h.spec.stuck() > 0 && m.Status.Stuck >= h.spec.stuck()
	news.stuck = stuck && !h.loopTold
	h.loopTold, h.uneasy = stuck, h.uneasy || stuck
	return news, true
}

// grease is a message that means nothing.
type grease uint64

func (g grease) Append(dst []byte) []byte { return wire.AppendGrease(dst, uint64(g)) }
