package pool

import (
	"context"
	"slices"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// acquire returns a member that has one more call from now on, and waits for it if need be.
func (p *Pool) acquire(ctx context.Context, want want) (*member, error) {
	if err := ctx.Err(); err != nil {
		return nil, gaveUp{err}
	}
	p.mu.Lock()
	m, err := p.tryLocked(want)
	if m != nil || err != nil {
		p.mu.Unlock()
		return m, err
	}
	w, err := p.enqueueLocked(want)
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return p.wait(ctx, w)
}

// tryLocked returns a member that is free now, or nil if there is none.
func (p *Pool) tryLocked(want want) (*member, error) {
	if p.closing {
		return nil, errShuttingDown()
	}
	for {
		m := p.pickLocked(want)
		if m == nil {
			return nil, nil
		}
		if !m.goneLocked() {
			p.grantLocked(m, want)
			return m, nil
		}
	}
}

// pickLocked chooses a member: the least busy one, and of those alike the first, so that few
// are kept warm and the others may end.
func (p *Pool) pickLocked(want want) *member {
	if want.keyed {
		if m := p.keys.find(want.key); m != nil {
			if m.takesLocked() {
				return m
			}
			return nil
		}
	}
	var best *member
	for _, m := range p.members {
		switch {
		case !m.takesLocked() || want.alone && !m.isIdleLocked():
		case m.inFlight == 0:
			return m
		case best == nil || best.busierLocked(m):
			best = m
		}
	}
	return best
}

// grantLocked gives a member one more call.
func (p *Pool) grantLocked(m *member, want want) {
	m.used++
	p.stats.Calls++
	switch {
	case want.alone:
		m.session = &Session{p: p, m: m}
	case want.keyed:
		p.keys.bind(want.key, m, p.spec.Size.keys())
		fallthrough
	default:
		m.inFlight++
	}
	if m.lastUse > 0 && m.used == lookAhead(m.lastUse) {
		m.slot.poke()
	}
}

// returnLocked takes back what grantLocked gave, as nobody wants it any more.
func (p *Pool) returnLocked(m *member, want want) {
	m.used--
	p.stats.Calls--
	if want.alone {
		m.session = nil
		p.freedLocked(m)
		return
	}
	p.doneLocked(m, neutral)
}

// release is the end of a call that err is the error of. It reports whether another worker
// can have the call.
func (p *Pool) release(m *member, err error) (again bool) {
	result := outcomeOf(err)
	unsent := err != nil && isUnsent(err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if unsent {
		p.stats.Unsent++
		m.used--
		m.leaveLocked(causeOf(err))
	}
	p.doneLocked(m, result)
	return unsent && !p.closing
}

// doneLocked ends one call of a member.
func (p *Pool) doneLocked(m *member, result outcome) {
	m.inFlight--
	switch result {
	case good:
		m.failures = 0
	case bad:
		m.failures++
		p.stats.Failed++
		if most := p.spec.Recycle.Failures; most > 0 && m.failures >= most {
			m.leaveLocked(CauseFailures)
		}
	}
	p.freedLocked(m)
}

// freedLocked lets others have what a member has room for.
func (p *Pool) freedLocked(m *member) {
	if m.inFlight == 0 && p.watchesIdle {
		m.idleSince = time.Now()
	}
	switch {
	case m.stage == serving && (p.waiting > 0):
		p.offerLocked(m)
	case m.stage == left:
		m.settleLocked()
		if s := m.slot; s != nil && s.current != nil {
			p.offerLocked(s.current)
		}
	}
}

// linger counts an exchange that is open without a call that waits for it. It is called by
// the link of the worker.
func (m *member) linger(delta int, end error) {
	result := neutral
	if delta < 0 && end != nil {
		result = outcomeOf(ignoreEOF(end))
	}
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	if delta > 0 {
		m.inFlight++
		return
	}
	if isLost(end) {
		m.leaveLocked(CauseDied) // before its room is given to others
	}
	m.p.doneLocked(m, result)
}

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
		usedUp := m.lastUse > 0 && m.used >= m.lastUse
		if m.session != nil || m.holder != nil || m.unhealthy || usedUp {
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

// offerLocked gives a member calls that wait, as long as it takes them. Nobody waits in
// vain: whatever makes room at a member offers it.
func (p *Pool) offerLocked(m *member) {
	for m.stage == serving && !m.goneLocked() {
		if w := m.holder; w != nil {
			if m.isIdleLocked() {
				p.handLocked(w, m)
			}
			return
		}
		w := earlier(m.pinned.first, p.line.first)
		if w == nil {
			w = p.reservedLocked(m)
		}
		if w == nil || !m.takesLocked() {
			return
		}
		w.take()
		if has := p.keys.find(w.want.key); w.want.keyed && has != nil && has != m {
			has.pinned.put(w) // the key has got a worker since
			p.offerLocked(has)
			continue
		}
		if w.want.alone && !m.isIdleLocked() {
			m.holder, w.reserved = w, m
			return
		}
		from := w.reserved
		p.handLocked(w, m)
		if from != nil { // which takes calls again
			p.offerLocked(from)
		}
	}
}

// reservedLocked returns the first who waits for another member to be alone with, if m is idle
// already.
func (p *Pool) reservedLocked(m *member) (first *waiter) {
	if p.waitingAlone == 0 || !m.isIdleLocked() {
		return nil
	}
	for _, o := range p.members {
		if o.holder != nil {
			first = earlier(first, o.holder)
		}
	}
	return first
}

// handLocked gives a waiter the member that it has waited for.
func (p *Pool) handLocked(w *waiter, m *member) {
	p.countLocked(w, -1)
	w.unreserve()
	p.grantLocked(m, w.want)
	w.m = m
	close(w.done)
}

// matchLocked offers whatever is free to whoever waits in the line.
func (p *Pool) matchLocked() {
	if p.line.first == nil {
		return
	}
	for _, m := range slices.Clone(p.members) { // of which some may leave
		p.offerLocked(m)
	}
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
