package peer

import (
	"context"
	"time"
)

const (
	// turns is how many batches a sender writes before it leaves the rest to a task.
	turns = 4
	// lastWords is how long a link is still read when nothing can be written any more.
	lastWords = time.Second
)

// sendFailed deals with a link to which nothing can be written any more.
func (p *Peer) sendFailed(err error) {
	if p.err == nil {
		p.goLocked(func() {
			p.outlive(err)
			p.taskDone()
		})
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

// flushSoonLocked does what flushLocked does, after a moment if there are many.
func (p *Peer) flushSoonLocked() {
	if !p.promised && !p.out.nothingLocked() {
		p.gatherLocked()
		p.flushLocked()
	}
}

// flushLocked writes what is queued, unless somebody else has promised to, and leaves to a
// task what the link does not take at once.
func (p *Peer) flushLocked() {
	if !p.promised {
		p.pushLocked()
		p.attendLocked()
	}
}

// pushLocked writes, without the lock, what is queued, for as long as the link takes it at
// once and it is not too much for one sender. The caller sees to the rest.
func (p *Peer) pushLocked() {
	s := &p.out
	for range turns {
		if s.inWrite || s.full || !s.nextBatchLocked() {
			return
		}
		s.writeLocked(p)
	}
}

// attendLocked leaves to a task what is still to be written, unless somebody sees to that.
func (p *Peer) attendLocked() {
	s := &p.out
	if s.err == nil && !s.attended && !s.inWrite && !s.nothingLocked() {
		s.attended = true
		p.goLocked(p.writeTask)
	}
}

// write is the task that writes what the link did not take at once.
func (p *Peer) write() {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.taskDoneLocked()
	s := &p.out
	for s.err == nil {
		if s.full {
			p.waitWritableLocked()
			continue
		}
		if s.inWrite || !s.nextBatchLocked() {
			break
		}
		s.writeLocked(p)
	}
	s.attended = false
}

// waitWritableLocked waits, without the lock, until the link is not full any more.
func (p *Peer) waitWritableLocked() {
	p.mu.Unlock()
	err := p.conn.WaitWritable()
	p.mu.Lock()
	p.out.full = false
	if err != nil {
		p.out.failLocked(err)
	}
}

// writeLocked gives the batch to the link, without the lock. What the link does not take
// makes it full.
func (s *sender) writeLocked(p *Peer) {
	s.inWrite = true
	batch := s.batch
	p.mu.Unlock()
	n, err := s.conn.TryWrite(batch)
	p.mu.Lock()
	s.inWrite = false
	s.advanceLocked(n)
	if err != nil {
		s.failLocked(err)
	}
	s.full = len(s.batch) > 0
	s.dropLocked()
	s.wrote.Broadcast()
}

// waitWrittenLocked waits, without the lock, until a frame is written.
func (p *Peer) waitWrittenLocked(ctx context.Context, seq uint64) error {
	s := &p.out
	w := &waiter{forQueue: true}
	for s.written <= seq && (s.err == nil || s.inWrite) {
		if s.inWrite {
			s.wrote.Wait() // it may be the one
			continue
		}
		s.tellLocked(seq, w)
		if err := p.awaitLocked(ctx, nil, w); err != nil {
			return err
		}
	}
	if s.written > seq {
		return nil
	}
	return s.err
}
