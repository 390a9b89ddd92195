package peer

import (
	"context"
	"runtime"
)

// leadLocked takes the read role and reads for everybody, until w is woken, ctx has ended,
// or nothing has come for so long that a task had better wait.
func (p *Peer) leadLocked(ctx context.Context, x *stream, w *waiter) {
	inline := p.role == roleInline // of x's own handler, which waits for the link
	p.moveRoleLocked(roleTaken)
	soon := p.serveLinkLocked(ctx, w)
	if inline && soon && p.inline == x && p.err == nil {
		p.moveRoleLocked(roleInline)
		return
	}
	p.leaveLocked(soon)
}

// leadOnLocked does the same with a role that was passed on to w.
func (p *Peer) leadOnLocked(ctx context.Context, w *waiter) {
	p.promised = false
	p.leaveLocked(p.serveLinkLocked(ctx, w))
}

// serveLinkLocked writes what is queued, reads, and deals with what has come. It reports
// whether it never had to wait for long.
//
// It first looks at what has been read already: whoever had the role before may have read
// the very frame that w waits for, and nothing else may ever come.
func (p *Peer) serveLinkLocked(ctx context.Context, w *waiter) (soon bool) {
	for first := true; ; first = false {
		p.woke = 0
		if err := p.dispatchLocked(); err != nil {
			p.breakLocked(err)
			return false
		}
		if w.woken || p.err != nil || ctx.Err() != nil {
			return true
		}
		if first || p.woke > 0 {
			p.gatherLocked()
		}
		p.pushLocked()
		if w.woken || p.err != nil {
			return true
		}
		moved, err := p.waitLinkLocked()
		if err != nil {
			p.breakLocked(err)
			return false
		}
		if !moved {
			return false
		}
	}
}

// leaveLocked passes the read role on.
func (p *Peer) leaveLocked(soon bool) {
	switch {
	case p.err != nil:
		p.role = roleFree
	case !soon:
		p.startReadingLocked()
	case p.promoteLocked():
		return // who writes what is queued
	case p.serving > 0:
		p.startReadingLocked() // a handler may be waiting for more
	default:
		p.moveRoleLocked(roleFree)
	}
	p.flushLocked()
}

// dispatchLocked deals with all frames that have been read, and leaves handlers to tasks.
func (p *Peer) dispatchLocked() error {
	p.dispatching = true
	defer p.dispatchedLocked()
	for {
		x, ok, err := p.takeFrameLocked()
		if err != nil || !ok {
			return err
		}
		if x != nil {
			p.goLocked(x.serveTask)
		}
	}
}

// dispatchedLocked wakes, without the lock, all those for whom something has come. Before, they
// would only wait for the lock. What they queue at once is the caller's to write.
func (p *Peer) dispatchedLocked() {
	p.dispatching = false
	if len(p.woken) == 0 {
		return
	}
	woken := p.woken
	p.woken = p.wokenSpare
	p.promised = true // to write what they queue
	p.mu.Unlock()
	for _, w := range woken {
		w.signal <- struct{}{}
	}
	p.mu.Lock()
	p.promised = false
	clear(woken)
	p.wokenSpare = woken[:0]
}

// crowdedLocked reports whether several exchanges are under way.
func (p *Peer) crowdedLocked() bool { return p.places.taken.n > 2 || p.running.n > 2 }

// gatherLocked lets those go first, if there are many, that are ready to queue something, so
// that one write takes it all: the caller promises to write next.
func (p *Peer) gatherLocked() {
	if p.promised || !p.crowdedLocked() {
		return
	}
	p.promised = true
	p.mu.Unlock()
	runtime.Gosched()
	p.mu.Lock()
	p.promised = false
}

// A patience says how receive waits.
type patience uint8

const (
	none    patience = iota // not at all
	forRead                 // on the thread, until something has come
	forBoth                 // on the thread, until something has come or can go
)

// waitLinkLocked waits, without the lock, for a few milliseconds at most, until something has
// come, or if the link is full and nobody else waits for room, until something could go. It
// reports whether something did.
func (p *Peer) waitLinkLocked() (moved bool, err error) {
	s := &p.out
	how := forRead
	switch {
	case s.full && !s.attended:
		how = forBoth
		s.attended = true
	case !s.full && !s.inWrite && !s.nothingLocked():
		how = none // more is to be written than one turn does
	}
	crowded := p.crowdedLocked()
	space := p.in.Space()
	p.reading = true
	p.mu.Unlock()
	n, err := p.receive(space, how, crowded)
	p.mu.Lock()
	if n == 0 {
	}
	p.reading = false
	p.readDone.Broadcast()
	p.in.Filled(n)
	switch {
	case n == 0 && err != nil:
		return false, p.in.End(err)
	case how == none:
		return true, nil
	case how == forRead:
		return n > 0, nil
	}
	s.attended, s.full = false, false
	before := s.total
	p.pushLocked()
	return n > 0 || s.total != before, nil
}

// receive reads once. It is for the holder of the read role, without the lock.
func (p *Peer) receive(space []byte, how patience, likely bool) (n int, err error) {
	if likely || how != forRead {
		if n, err = p.direct.TryRead(space); n > 0 || err != nil || how == none {
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
	if how == forRead {
		return p.direct.ReadSoon(space)
	}
	if err := p.direct.WaitSoon(); err != nil {
		return 0, err
	}
	return p.direct.TryRead(space)
}
