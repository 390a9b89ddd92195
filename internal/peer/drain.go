package peer

import "github.com/kinwire/kinwire/wire"

// Refuse answers new exchanges of the other side with shutting_down from now on. It returns
// how many are open, and whether it was the first call.
func (p *Peer) Refuse() (inFlight int, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, p.refusing = !p.refusing, true
	return p.serving, first
}

// Returned returns a channel that is closed as soon as no handler runs, be it that its
// exchange has ended already.
func (p *Peer) Returned() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running.noneLocked()
}

// Quiet returns a channel that is closed as soon as no exchange of this side is open.
func (p *Peer) Quiet() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.places.taken.noneLocked()
}

// CancelAll ends every open exchange of the other side with canceled, whether its handler
// returns or not.
func (p *Peer) CancelAll(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.table {
		if !x.ours {
			x.failLocked(wire.Errorf(wire.CodeCanceled, "%s", reason))
		}
	}
	p.flushLocked()
}
