package peer

// Linger arranges for tell to be told of exchanges of this side that are open without a Call
// that waits for them. open is 1 when there is one more, as Open has returned it or Call has
// given it up, and -1 when one of them has ended; givenUp is 1 when one of them, be it that
// one, has nobody any more who waits for it, and -1 when such a one has ended. end is, of an
// end, a LostError if the link has ended, else what the exchange ended with; nil for one that
// was given up by Call, whose caller knows.
//
// tell is called under the lock of the peer, and must neither wait nor call it. Linger comes
// before the first exchange.
func (p *Peer) Linger(tell func(open, givenUp int, end error)) {
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
	p.linger(1, x.desertedLocked(), nil)
	if p.table[x.id] != x {
		x.lingeredLocked()
	}
}

// lingeredLocked tells that the exchange has ended.
func (x *stream) lingeredLocked() {
	how, p, givenUp := x.lingers, x.p, -x.desertedLocked()
	x.lingers = notLingering
	switch {
	case how == notLingering:
	case p.err != nil:
		p.linger(-1, givenUp, &LostError{Sent: true, Cause: p.err})
	case how == givenUpByCall:
		p.linger(-1, givenUp, nil)
	default:
		p.linger(-1, givenUp, x.in.end)
	}
}

// desertedLocked returns 1 if nobody waits for an exchange that lingers, else 0.
func (x *stream) desertedLocked() int {
	if x.givenUp || x.lingers == givenUpByCall {
		return 1
	}
	return 0
}
