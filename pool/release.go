package pool

import "time"

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
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && isUnsent(err) {
		m.used--
		again = !p.closing
	}
	p.endedLocked(m, err)
	return again
}

// endedLocked is the end of a call of a member, and of what it tells of the worker.
func (p *Pool) endedLocked(m *member, err error) {
	if err != nil && isUnsent(err) {
		p.stats.Unsent++
		m.leaveLocked(m.causeOf(err))
	}
	p.doneLocked(m, outcomeOf(err))
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
	case m.stage == serving && m.isUsedUpLocked() && m.awaitedLocked() == 0 && m.session == nil:
		m.leaveLocked(CauseUses) // its successor may be long in coming
	case m.stage == serving && p.waiting > 0:
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
func (m *member) linger(open, givenUp int, end error) {
	result := neutral
	if end != nil {
		result = outcomeOf(ignoreEOF(end))
	}
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	m.givenUp += givenUp
	switch {
	case open > 0:
		m.inFlight++
	case open == 0: // it is nobody's any more
		m.p.freedLocked(m)
	default:
		if isLost(end) {
			m.leaveLocked(m.lossCause()) // before its room is given to others
		}
		m.p.doneLocked(m, result)
	}
}
