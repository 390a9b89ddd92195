package peer

import (
	"context"
	"time"
)

// waiter is where one goroutine waits for something that the link brings or takes. Whoever
// waits looks again at what it waits for after each wake-up, so that one too many is
// harmless. All of it is guarded by Peer.mu.
type waiter struct {
	woken  bool          // since the goroutine last looked
	parked bool          // it is at signal, and no token is on its way
	leads  bool          // the read role is its own from when it goes on
	signal chan struct{} // made by the first who parks; holds one token

	listed     bool // in Peer.followers
	next, prev *waiter
}

// wakeLocked makes whoever waits at w look again. Nobody waits if w is nil.
func (p *Peer) wakeLocked(w *waiter) {
	if w != nil {
		w.woken = true
		p.unparkLocked(w)
	}
}

// unparkLocked lets the goroutine at w go on, if it is parked.
func (p *Peer) unparkLocked(w *waiter) {
	if w.parked {
		w.parked = false
		p.followers.remove(w)
		p.woke++
		if p.dispatching {
			p.woken = append(p.woken, w)
		} else {
			w.signal <- struct{}{}
		}
	}
}

// awaitLocked waits, without the lock, until w is woken or ctx has ended. Before it waits it
// sees to it that what is queued gets written. A goroutine that waits reads the link itself
// if nobody else does. x is the exchange that waits.
func (p *Peer) awaitLocked(ctx context.Context, x *stream, w *waiter) error {
	for !w.woken {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case p.mayLeadLocked(ctx, x):
			p.leadLocked(ctx, x, w)
		default:
			p.parkLocked(ctx, w)
		}
	}
	w.woken = false
	return nil
}

// parkLocked waits, without the lock, until w is woken or given the read role, or ctx ends.
func (p *Peer) parkLocked(ctx context.Context, w *waiter) {
	p.readByTaskLocked()
	p.flushSoonLocked()
	if w.woken || p.role == roleFree && p.err == nil {
		return // whoever had the role may have left it while the lock was free
	}
	if w.signal == nil {
		w.signal = make(chan struct{}, 1)
	}
	w.parked = true
	if p.direct != nil && !near(ctx) {
		p.followers.add(w)
	}
	p.mu.Unlock()
	ended := false
	if done := done(ctx); done == nil {
		<-w.signal
	} else {
		select {
		case <-w.signal:
		case <-done:
			ended = true
		}
	}
	p.mu.Lock()
	if ended && !w.parked { // it is woken at the same moment, maybe by one who needs the lock first
		p.mu.Unlock()
		<-w.signal
		p.mu.Lock()
	}
	w.parked = false
	p.followers.remove(w)
	if w.leads {
		w.leads = false
		p.leadOnLocked(ctx, w)
	}
}

// done is ctx.Done, but makes no context of a handler's: whatever ends that wakes its waiters
// as well.
func done(ctx context.Context) <-chan struct{} {
	if r, ok := ctx.(*request); ok {
		if ctx, _ = r.made(); ctx == nil {
			return nil
		}
	}
	return ctx.Done()
}

// near reports whether ctx may end within a wait that nothing can interrupt.
func near(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < longestWait
}

// waiters is a list of them, the latest first.
type waiters struct{ first *waiter }

func (l *waiters) add(w *waiter) {
	if w.listed {
		return
	}
	w.listed, w.prev, w.next = true, nil, l.first
	if l.first != nil {
		l.first.prev = w
	}
	l.first = w
}

func (l *waiters) remove(w *waiter) {
	if !w.listed {
		return
	}
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.listed, w.prev, w.next = false, nil, nil
}
