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
		if !s.nextBatchLocked() {
			return
		}
		if !s.writeLocked() {
			break
		}
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
			if !s.nextBatchLocked() {
				s.active = false
				break
			}
			if !s.writeLocked() && s.err == nil {
				p.mu.Unlock()
				err := s.conn.WaitWritable()
				p.mu.Lock()
				if err != nil {
					s.failLocked(err)
				}
			}
		}
		p.mu.Unlock()
	}
}

// writeLocked gives the batch to the link, without the lock, and reports whether it took
// all of it.
func (s *sender) writeLocked() bool {
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
	s.dropLocked()
	s.notifyLocked()
	return len(s.batch) == 0
}
