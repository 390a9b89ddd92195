package peer

import (
	"context"
	"runtime"
	"time"
)

// leadLocked takes the read role and reads for everybody, until w is woken, ctx has ended,
// or nothing has come for so long that a task had better wait.
func (p *Peer) leadLocked(ctx context.Context, w *waiter) {
	x := p.inline // whose handler waits, if the role is with that
	p.moveRoleLocked(roleTaken)
	waited := p.serveLinkLocked(ctx, w)
	if x != nil && p.inline == x {
		if !waited && p.err == nil && p.followers.first == nil {
			p.moveRoleLocked(roleInline)
			p.flushLocked()
			return
		}
		p.inline = nil
	}
	p.leaveLocked(waited)
}

// leadOnLocked does the same with a role that was passed on to w.
func (p *Peer) leadOnLocked(ctx context.Context, w *waiter) {
	p.promised = false
	p.leaveLocked(p.serveLinkLocked(ctx, w))
}

// serveLinkLocked writes what is queued, reads, and deals with what has come. It reports
// whether it stopped since nothing came for long.
//
// It first looks at what has been read already: whoever had the role before may have read
// the very frame that w waits for, and nothing else may ever come.
func (p *Peer) serveLinkLocked(ctx context.Context, w *waiter) (waited bool) {
	returned := false
	defer func() {
		if !returned { // a panic of the owner's, which the goroutine may survive
			p.breakLocked(errPanicked)
		}
	}()
	for first := true; ; first = false {
		err := p.dispatchLocked(w)
		if err == nil && !p.overLocked(ctx, w) {
			if first || p.recent.told > 0 {
				p.gatherLocked()
			}
			p.pushLocked()
			switch {
			case p.overLocked(ctx, w):
			case near(ctx):
				waited = true
			default:
				waited, err = p.waitLinkLocked()
			}
		}
		if err != nil {
			p.breakLocked(err)
		}
		if waited || p.overLocked(ctx, w) {
			returned = true
			return waited
		}
	}
}

// overLocked reports whether a leader has no reason to go on.
func (p *Peer) overLocked(ctx context.Context, w *waiter) bool {
	return w.woken || p.err != nil || ctx.Err() != nil
}

// leaveLocked passes the read role on. While nobody waits and no handler of this side runs, it
// is left free for the next call.
func (p *Peer) leaveLocked(waited bool) {
	switch {
	case p.err != nil:
		p.role = roleFree
	case waited:
		p.startReadingLocked()
	case p.promoteLocked():
		return // who writes what is queued
	case p.askedLocked() || p.passive > 0 || len(p.places.queue) > 0:
		p.startReadingLocked()
	default:
		p.moveRoleLocked(roleFree)
	}
	p.flushLocked()
}

// askedLocked reports whether the other side has exchanges open, or has opened one a moment ago
// and may well open another.
func (p *Peer) askedLocked() bool {
	return p.serving > 0 || p.recent.asked > 0 && p.now()-p.recent.asked < busyGap
}

// dispatchLocked deals with all frames that have been read, and leaves handlers to tasks. Once w
// is woken it begins no large frame: whoever reads next may want it in memory of its own.
func (p *Peer) dispatchLocked(w *waiter) error {
	p.waking.held = true
	defer p.dispatchedLocked()
	for !w.woken || !p.in.Begins() {
		x, ok, err := p.takeFrameLocked()
		if err != nil || !ok {
			return err
		}
		if x != nil {
			p.recent.opened++
			p.goLocked(x.serveTask)
		}
	}
	return nil
}

// dispatchedLocked wakes, without the lock, all those for whom something has come. Before, they
// would only wait for the lock. What they queue at once is the caller's to write.
func (p *Peer) dispatchedLocked() {
	p.waking.held = false
	p.recent.told = len(p.waking.due)
	if p.recent.opened > 0 {
		p.recent.asked = p.now()
	}
	if p.recent.came > 0 {
		p.recent.crowd = max(len(p.waking.due), p.recent.opened)
		p.recent.came, p.recent.opened = 0, 0
	}
	if p.recent.told == 0 {
		return
	}
	woken := p.waking.due
	p.waking.due, p.waking.spare = p.waking.spare, nil // a reader who was robbed may do the same meanwhile
	p.promised = true
	p.mu.Unlock()
	for _, w := range woken {
		w.signal <- struct{}{}
	}
	p.mu.Lock()
	p.promised = false
	clear(woken)
	p.waking.spare = woken[:0]
}

const (
	// longYield is how long a goroutine that yields is kept waiting where the processors are
	// busy with other things.
	longYield = 2 * time.Millisecond
	// yieldSkips is how often nobody yields after that.
	yieldSkips = 64
)

// gatherLocked lets those go first that are ready to queue something, if several things came
// at once: so one write takes what they queue, which the caller promises.
func (p *Peer) gatherLocked() {
	switch {
	case p.promised || p.recent.crowd < 2:
		return
	case p.recent.yieldSkip > 0:
		p.recent.yieldSkip--
		return
	}
	p.promised = true
	p.mu.Unlock()
	began := p.now()
	runtime.Gosched()
	took := p.now() - began
	p.mu.Lock()
	p.promised = false
	if took > longYield {
		p.recent.yieldSkip = yieldSkips
	}
}

// A patience says how receive waits.
type patience uint8

const (
	noWait     patience = iota
	forRead             // on the thread, until something has come
	forAnother          // the same, but something has probably come already
	forBoth             // on the thread, until something has come or can go
)

// waitLinkLocked waits, without the lock, for a few milliseconds at most, until something has
// come, or if the link is full and nobody else waits for room, until something could go. It
// reports whether that was in vain.
func (p *Peer) waitLinkLocked() (waited bool, err error) {
	s := &p.out
	how := forRead
	switch {
	case s.full && !s.attended:
		how = forBoth
		s.attended = true
	case !s.full && !s.inWrite && !s.nothingLocked():
		how = noWait // more is to be written than one turn does
	case p.recent.crowd > 1:
		how = forAnother
	}
	p.reading = true
	p.mu.Unlock()
	n, err := p.receive(p.in.Space(), how)
	p.in.Filled(n)
	p.mu.Lock()
	p.reading = false
	if p.placed.unwanted {
		p.placed.x, p.placed.unwanted = nil, false
		p.in.Place(p.placed.from, nil)
	}
	p.readDone.Broadcast()
	switch {
	case n == 0 && err != nil:
		return false, p.in.End(err)
	case how == noWait:
		return false, nil
	case how != forBoth:
		return n == 0, nil
	}
	s.attended, s.full = false, false
	before := s.total
	p.pushLocked()
	return n == 0 && s.total == before, nil
}

// receive reads once. It is for the holder of the read role, without the lock.
func (p *Peer) receive(space []byte, how patience) (n int, err error) {
	if how != forRead {
		if n, err = p.direct.TryRead(space); n > 0 || err != nil || how == noWait {
			return n, err
		}
	}
	if n, err = p.spin.read(p.direct, space); n > 0 || err != nil {
		return n, err
	}
	if !takeThread() {
		return 0, nil
	}
	defer giveThread()
	if how != forBoth {
		return p.direct.ReadSoon(space)
	}
	if err := p.direct.WaitSoon(); err != nil {
		return 0, err
	}
	return p.direct.TryRead(space)
}
