package peer

// goLocked runs f as a task: a goroutine of the peer's own, which says taskDoneLocked when
// it ends.
func (p *Peer) goLocked(f func()) {
	p.tasks++
	go f()
}

// taskDoneLocked ends a task.
func (p *Peer) taskDoneLocked() {
	p.tasks--
	p.checkFinishedLocked()
}

func (p *Peer) taskDone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taskDoneLocked()
}

// checkFinishedLocked tells of the end of the last task, once the link has ended.
func (p *Peer) checkFinishedLocked() {
	if p.err != nil && p.tasks == 0 {
		p.finishedOnce.Do(func() { close(p.finished) })
	}
}
