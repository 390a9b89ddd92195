package peer

import (
	"context"

	"github.com/kinwire/kinwire/wire"
)

// places bounds how many exchanges this side may have open, as the other side announced:
// whoever comes when all places are taken waits in order. It is guarded by Peer.mu.
type places struct {
	limit int // 0: any number
	taken count
	queue []chan struct{} // closed to hand over a place, or when the link ends
}

// takePlaceLocked takes a place, and waits for one without the lock.
func (p *Peer) takePlaceLocked(ctx context.Context) error {
	s := &p.places
	if s.limit == 0 || s.taken.n < s.limit && len(s.queue) == 0 {
		s.taken.addLocked(1)
		return nil
	}
	if inside(ctx, p) {
		// Its own host call holds the place that it would wait for, or one like it.
		return wire.Errorf(wire.CodeOverloaded, "a call back from inside a call would have to wait for a place")
	}
	turn := make(chan struct{})
	s.queue = append(s.queue, turn)
	p.needReaderLocked(ctx)
	p.mu.Unlock()
	var err error
	select {
	case <-turn:
	case <-ctx.Done():
		err = notSent{ctx.Err()}
	}
	p.mu.Lock()
	if err == nil {
		return nil
	}
	for i, c := range s.queue {
		if c == turn {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
			return err
		}
	}
	// The place came at the same moment.
	p.freePlaceLocked()
	return err
}

// freePlaceLocked gives a place back, to whoever has waited longest.
func (p *Peer) freePlaceLocked() {
	s := &p.places
	if len(s.queue) > 0 {
		close(s.queue[0])
		s.queue = s.queue[1:]
		return
	}
	s.taken.addLocked(-1)
}

// failLocked lets everybody go on, to find that the link has ended.
func (s *places) failLocked() {
	for _, turn := range s.queue {
		close(turn)
	}
	s.taken.addLocked(len(s.queue))
	s.queue = nil
}

type insideKey struct{}

// inside reports whether ctx is that of a host's handler that this peer runs. (A worker's
// handler always calls its host from inside a call, and simply waits.)
func inside(ctx context.Context, p *Peer) bool {
	return p.side == wire.Parent && ctx.Value(insideKey{}) == any(p)
}
