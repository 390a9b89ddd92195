package peer

// Linger arranges for tell to be told of exchanges of this side that are open without a Call
// that waits for them: delta is 1 when there is one more, as Open has returned it or Call has
// given it up, and -1 when one of them has ended. end is then a
// LostError if the link has ended, else what the exchange ended with; nil for one that was
// given up by Call, whose caller knows.
//
// tell is called under the lock of the peer, and must neither wait nor call it. Linger comes
// before the first exchange.
func (p *Peer) Linger(tell func(delta int, end error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.linger = tell
}

// lingering says whether an exchange is open without a Call that waits for it.
type lingering uint8

const (
	notLingering lingering = iota
	givenUpByCall
	returnedByOpen
)

// lingersLocked tells that nobody in Call waits for the exchange from now on.
func (x *stream) lingersLocked(how lingering) {
	p := x.p
	if p.linger == nil || x.lingers != notLingering {
		return
	}
	x.lingers = how
	p.linger(1, nil)
	if p.table[x.id] != x {
		x.lingeredLocked()
	}
}

// lingeredLocked tells that the exchange has ended.
func (x *stream) lingeredLocked() {
	how, p := x.lingers, x.p
	x.lingers = notLingering
	switch {
	case how == notLingering:
	case p.err != nil:
		p.linger(-1, &LostError{Sent: true, Cause: p.err})
	case how == givenUpByCall:
		p.linger(-1, nil)
	default:
		p.linger(-1, x.in.end)
	}
}
