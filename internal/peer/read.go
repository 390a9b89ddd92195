package peer

import "time"

const (
	// busyGap is how soon one answer follows another on a busy link.
	busyGap = 5 * time.Millisecond
	// holdBack is for how long the replies of quick handlers wait for others to go with them.
	holdBack = 100 * time.Microsecond
)

// read is the task that holds the read role while no caller does: always on the side that
// mostly answers, and on the other while the link is idle or calls take long.
func (p *Peer) read() {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.taskDoneLocked()
	var last time.Duration // when an answer came
	for p.err == nil {
		opened, still, err := p.answerLocked()
		if !still {
			p.flushLocked()
			return
		}
		if err == nil {
			answered := p.recent.told > 0
			if answered {
				p.gatherLocked()
			}
			p.pushLocked()
			if answered && !opened && p.callersRead() && !p.askedLocked() {
				now := p.now()
				busy := last > 0 && now-last < busyGap
				last = now
				if busy {
					p.leaveLocked(false) // those who call had better read for themselves
					return
				}
			}
			err = p.waitAnyLocked(p.serving > 0 || opened || p.in.Partial())
		}
		if err != nil {
			p.breakLocked(err)
		}
	}
	p.role = roleFree
}

// answerLocked deals with all frames that have been read, and runs the handlers of quick
// methods. It reports whether any exchange was opened, and whether the caller still has the
// read role.
func (p *Peer) answerLocked() (opened, still bool, err error) {
	p.waking.held = true
	var now, since time.Duration // when the last handler was done, and the first whose reply is held back
	for {
		x, ok, err := p.takeFrameLocked()
		if err != nil || !ok {
			p.dispatchedLocked()
			return opened, true, err
		}
		if x == nil {
			continue
		}
		opened = true
		p.recent.opened++
		if !x.method.inline {
			p.goLocked(x.serveTask)
			continue
		}
		if now == 0 {
			now = p.now()
			since = now
		}
		if len(p.waking.due) > 0 { // the handler may wait for one of them
			p.dispatchedLocked()
			p.flushLocked()
		}
		now = p.runInlineLocked(x, now)
		if !p.endInlineLocked(x) {
			return opened, false, nil
		}
		p.waking.held = true
		p.moveRoleLocked(roleTaken)
		if now-since > holdBack {
			since = now
			p.pushLocked()
		}
	}
}

// waitAnyLocked waits, without the lock, until something has come: on the thread for a few
// milliseconds if soon, and then in a way that holds none.
func (p *Peer) waitAnyLocked(soon bool) error {
	if soon && p.direct != nil {
		if waited, err := p.waitLinkLocked(); !waited || err != nil {
			return err
		}
	}
	p.attendLocked()
	p.trimLocked()
	if threads.limit.Load() < 1 {
		countProcessors() // the watch never runs where callers don't read
	}
	space := p.in.Aside() // not memory of a caller's, since the wait has no bound
	p.mu.Unlock()
	n, err := p.conn.Read(space)
	p.mu.Lock()
	p.in.Filled(n)
	if n == 0 && err != nil {
		return p.in.End(err)
	}
	return nil
}
