package pool

import (
	"context"
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
