package peer

import "time"

const (
	// turns is how many batches a sender writes before it leaves the rest to the writer.
	turns = 4
	// lastWords is how long a link is still read when nothing can be written any more.
	lastWords = time.Second
)

// sendFailed deals with a link to which nothing can be written any more. The writer may be
// waiting for it, so this is for another goroutine.
func (p *Peer) sendFailed(err error) {
	if p.err == nil {
		p.tasks.Go(func() { p.outlive(err) })
	}
}

// outlive gives the other side a moment to have its last words read, and then ends the link.
func (p *Peer) outlive(err error) {
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-p.ended:
	case <-t.C:
		p.end(err)
	}
}

// flushLocked writes, without the lock, what is queued, for as long as the link takes it at
// once and it is not too much for one sender. The writer does the rest.
func (p *Peer) flushLocked() {
	s := &p.out
	if s.active || s.nothingLocked() {
		return
	}
	for range turns {
		if s.full || !s.nextBatchLocked() {
			break
		}
		s.writeLocked()
	}
	if s.err == nil && s.nextBatchLocked() {
		s.active = true // handed to the writer
		wake(s.kick)
	}
}

// write is the writer goroutine: it has the write role while the link is full.
func (p *Peer) write() {
	s := &p.out
	for {
		select {
		case <-s.kick:
		case <-p.ended:
			return
		}
		p.mu.Lock()
		for s.active && s.err == nil {
			switch {
			case s.full:
				s.waitWritableLocked()
			case s.nextBatchLocked():
				s.writeLocked()
			default:
				s.active = false
			}
		}
		p.mu.Unlock()
	}
}

// waitWritableLocked waits, without the lock, until the link is not full any more.
func (s *sender) waitWritableLocked() {
	s.mu.Unlock()
	err := s.conn.WaitWritable()
	s.mu.Lock()
	s.full = false
	if err != nil {
		s.failLocked(err)
	}
}

// writeLocked gives the batch to the link, without the lock. What the link does not take
// makes it full.
func (s *sender) writeLocked() {
	role := s.active
	s.active, s.inWrite = true, true
	batch := s.batch
	s.mu.Unlock()
	n, err := s.conn.TryWrite(batch)
	s.mu.Lock()
	s.active, s.inWrite = role, false
	s.advanceLocked(n)
	if err != nil {
		s.failLocked(err)
	}
	s.full = len(s.batch) > 0
	s.dropLocked()
	s.notifyLocked()
}
