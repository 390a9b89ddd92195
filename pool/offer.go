package pool

import (
	"slices"
)

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
