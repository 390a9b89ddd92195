package pool

import (
	"context"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// enqueueLocked lets a caller wait.
func (p *Pool) enqueueLocked(want want) (*waiter, error) {
	if p.downLocked() {
		p.stats.Refused++
		return nil, errDown(p.lastErr)
	}
	if most := p.spec.Queue.max(); p.waiting >= most {
		p.stats.Refused++
		return nil, wire.Errorf(wire.CodeOverloaded, "all workers are busy, and %d calls are waiting already", p.waiting)
	}
	p.seq++
	w := &waiter{want: want, seq: p.seq, done: make(chan struct{})}
	p.countLocked(w, 1)
	p.placeLocked(w)
	p.growLocked()
	return w, nil
}

// placeLocked lets a waiter stand where it will be found.
func (p *Pool) placeLocked(w *waiter) {
	if w.want.keyed {
		if m := p.keys.find(w.want.key); m != nil {
			m.pinned.put(w)
			return
		}
	}
	if w.want.alone {
		if m := p.reservableLocked(); m != nil {
			m.holder, w.reserved = w, m
			return
		}
	}
	p.line.put(w)
}

// reservableLocked returns the least busy of the members that can be kept free for a session.
func (p *Pool) reservableLocked() (best *member) {
	for _, m := range p.members {
		if m.session != nil || m.holder != nil || m.unhealthy || m.isUsedUpLocked() {
			continue
		}
		if best == nil || best.busierLocked(m) {
			best = m
		}
	}
	return best
}

// wait waits until a waiter has a member, or gives up.
func (p *Pool) wait(ctx context.Context, w *waiter) (*member, error) {
	var timeout <-chan time.Time
	limit := p.spec.Queue.timeout()
	if limit > 0 {
		t := time.NewTimer(limit)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-w.done:
		return w.m, w.err
	case <-ctx.Done():
		return p.giveUp(w, gaveUp{ctx.Err()})
	case <-timeout:
		return p.giveUp(w, wire.Errorf(wire.CodeOverloaded, "no worker was free within %v", limit))
	}
}

// giveUp ends the wait of a waiter, which may have got a member at the same moment.
func (p *Pool) giveUp(w *waiter, err error) (*member, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case w.m != nil:
		p.returnLocked(w.m, w.want)
	case w.err == nil:
		p.countLocked(w, -1)
		w.take()
		if m := w.reserved; m != nil {
			w.unreserve()
			p.offerLocked(m)
		}
	}
	p.stats.GaveUp++
	return nil, err
}

// failLocked ends the wait of everybody who has no member in prospect.
func (p *Pool) failLocked(err error) {
	for w := p.line.first; w != nil; w = p.line.first {
		w.take()
		p.countLocked(w, -1)
		p.stats.Refused++
		w.err = err
		close(w.done)
	}
}

// countLocked counts a waiter that comes or goes.
func (p *Pool) countLocked(w *waiter, delta int) {
	p.waiting += delta
	if w.want.alone {
		p.waitingAlone += delta
	}
}
