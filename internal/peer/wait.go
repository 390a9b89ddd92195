package peer

import (
	"context"
	"slices"
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

	forQueue bool      // it waits for the queue, and not for what is read
	busy     bool      // a goroutine waits
	others   []*waiter // of more goroutines, which are woken along

	listed     bool // in Peer.followers
	next, prev *waiter
}

// join returns a waiter for one goroutine, until leave: w itself, or if another is there, one
// that is woken along with it.
func (w *waiter) join() *waiter {
	if !w.busy {
		w.busy = true
		return w
	}
	o := &waiter{}
	w.others = append(w.others, o)
	return o
}

// leave ends what join began.
func (w *waiter) leave(o *waiter) {
	if o == w {
		w.busy = false
	} else {
		w.others = slices.DeleteFunc(w.others, func(v *waiter) bool { return v == o })
	}
}

// wakeLocked makes whoever waits at w look again. Nobody waits if w is nil.
func (p *Peer) wakeLocked(w *waiter) {
	if w == nil {
		return
	}
	w.woken = true
	p.unparkLocked(w)
	for _, o := range w.others {
		p.wakeLocked(o)
	}
}

// unparkLocked lets the goroutine at w go on, if it is parked.
func (p *Peer) unparkLocked(w *waiter) {
	if w.parked {
		w.parked = false
		p.followers.remove(w)
		if p.waking.held {
			p.waking.due = append(p.waking.due, w)
		} else {
			w.signal <- struct{}{}
		}
	}
}

// joinLocked waits, without the lock, at a waiter where other goroutines may be.
func (p *Peer) joinLocked(ctx context.Context, x *stream, w *waiter) error {
	o := w.join()
	defer w.leave(o)
	return p.awaitLocked(ctx, x, o)
}

// awaitLocked waits, without the lock, until w is woken or ctx has ended. Before it waits it
// sees to it that what is queued gets written. A goroutine that waits reads the link itself
// if nobody else does. x is the exchange that waits.
func (p *Peer) awaitLocked(ctx context.Context, x *stream, w *waiter) error {
	for !w.woken {
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.mayLeadLocked(ctx, x) && p.worthLeadingLocked(w) {
			p.leadLocked(ctx, w)
		} else {
			p.parkLocked(ctx, x, w)
		}
	}
	w.woken = false
	return nil
}

// parkLocked waits, without the lock, until w is woken or given the read role, or ctx ends.
func (p *Peer) parkLocked(ctx context.Context, x *stream, w *waiter) {
	p.needReaderLocked(ctx)
	p.flushSoonLocked()
	if w.woken || p.role == roleFree && p.err == nil {
		return // whoever had the role may have left it while the lock was free
	}
	if w.signal == nil {
		w.signal = make(chan struct{}, 1)
	}
	w.parked = true
	follows := p.callersRead() && !near(ctx) && !w.forQueue
	if follows {
		p.followers.add(w)
	} else {
		p.passive++
	}
	p.mu.Unlock()
	ended := false
	if done := done(ctx, x); done == nil {
		<-w.signal
	} else {
		select {
		case <-w.signal:
		case <-done:
			ended = true
		}
	}
	p.mu.Lock()
	if !follows {
		p.passive--
	}
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

// done is ctx.Done, but makes no context of the handler's of x itself: whatever ends that wakes
// who waits for x as well.
func done(ctx context.Context, x *stream) <-chan struct{} {
	if r, ok := ctx.(*request); ok && x != nil && x.request == r {
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
