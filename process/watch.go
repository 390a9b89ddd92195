package process

import (
	"context"
	"time"
)

const (
	// watchShare is into how many parts the shortest limit is cut, to look at each.
	watchShare = 8
	// watchRarely is how often to look at the least.
	watchRarely = 5 * time.Second
)

// watch is the state of one who watches over the limits of a command.
type watch struct {
	p      *Process
	limits Limits
	beat   time.Duration // between two looks
	last   time.Time     // of the last look
	reads  int64         // at the last look
	total  time.Duration // in which the host ran
	silent time.Duration // of it, since the last output
}

// watchLimits stops p when it breaks a limit, until it has exited.
func (p *Process) watchLimits(m *meter) {
	defer close(p.watched)
	w := watch{p: p, limits: m.limits, beat: m.limits.beat(), last: time.Now()}
	ticker := time.NewTicker(w.beat)
	defer ticker.Stop()
	for {
		broken := NoLimit
		select {
		case <-p.exited:
			return
		case <-m.exceeded:
			broken = OutputLimit
		case <-ticker.C:
			broken = w.look(time.Now(), m.reads.Load())
		}
		if broken != NoLimit {
			p.breaks(broken, m.limits.broken(broken))
			return
		}
	}
}

// beat returns how often to look.
func (l Limits) beat() time.Duration {
	beat := watchRarely
	for _, limit := range []time.Duration{l.FirstOutput, l.Silence, l.Total} {
		if limit > 0 {
			beat = min(beat, limit/watchShare)
		}
	}
	return max(beat, time.Millisecond)
}

// look returns the limit that is broken now. A look that comes very late tells that the
// host did not run, and it may not have read anything since either: it counts as one beat,
// and says nothing about silence. A host that is starved for long has late looks only.
func (w *watch) look(now time.Time, reads int64) Limit {
	ran := now.Sub(w.last)
	w.last = now
	stalled := ran > 2*w.beat
	if stalled {
		ran = w.beat
	}
	w.total += ran
	w.silent += ran
	if reads != w.reads || w.p.isHeldUp() {
		w.reads, w.silent = reads, 0
	}
	switch {
	case w.limits.Total > 0 && w.total >= w.limits.Total:
		return TotalLimit
	case stalled:
	case w.reads == 0 && w.limits.FirstOutput > 0:
		if w.total >= w.limits.FirstOutput {
			return FirstOutputLimit
		}
	case w.limits.Silence > 0 && w.silent >= w.limits.Silence:
		return SilenceLimit
	}
	return NoLimit
}

// isHeldUp reports whether the command may have to wait for OnLine or OnChunk.
func (p *Process) isHeldUp() bool {
	for _, q := range p.queues {
		if q.holdsUp() {
			return true
		}
	}
	return false
}

// breaks stops p as it has broken a limit, and returns when it has exited or is stuck.
func (p *Process) breaks(which Limit, reason string) {
	p.mu.Lock()
	if !p.over && p.doings.reason == "" {
		p.doings.limit, p.doings.reason = which, reason
	}
	p.mu.Unlock()
	p.descend(context.Background(), Ladder{}, reason)
}
