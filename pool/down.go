package pool

import (
	"errors"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/wire"
)

// readyLocked tells Start once the minimum is there.
func (p *Pool) readyLocked() {
	if !p.isReady && len(p.members) >= p.spec.Size.min() {
		p.isReady = true
		close(p.ready)
	}
}

// despairLocked tells Start that there is no hope, if that is so.
func (p *Pool) despairLocked(s *slot, err error) {
	if p.isReady || p.despair != nil {
		return
	}
	if s.barren >= hopeless || p.startFailures >= hopeless || isFinal(err) {
		p.despair = err
		close(p.despaired)
	}
}

// isFinal reports whether there is no use in another try: the program could not be run, or
// is no worker. One that ended by itself may have had its reasons.
func isFinal(err error) bool {
	var start *parent.StartError
	var said *wire.Error
	if !errors.As(err, &start) {
		return false
	}
	return start.Exit == nil || start.Exit.Reason != "" ||
		errors.As(err, &said) && said.Code == wire.CodeUnsupportedVersion
}

// refuseLocked ends the wait of everybody if no call will have a worker soon.
func (p *Pool) refuseLocked() {
	if !p.closing && p.downLocked() {
		p.failLocked(errDown(p.lastErr))
	}
}

// downLocked reports whether no call will have a worker soon.
func (p *Pool) downLocked() bool {
	if len(p.members) > 0 || len(p.spares) > 0 || len(p.slots) == 0 {
		return false
	}
	for _, s := range p.slots {
		if !s.isSpare && !s.isDownLocked() {
			return false
		}
	}
	return p.servingSlotsLocked() > 0
}
