package main

import (
	"context"
	"sync"

	"github.com/kinwire/kinwire/wire"
)

// queue has the calls of the agent made one after the other: each once it is on the disk, and
// shown to the person, and those before it have their results. So it is known what an approval
// is about, and, when the host was killed, which call may have been made.
type queue struct {
	mu      sync.Mutex
	said    conversation  // what is on the disk, and shown
	changed chan struct{} // closed when there is more of it, and then another one
}

func newQueue() *queue { return &queue{changed: make(chan struct{})} }

// next lets the first call go on that has no result.
func (q *queue) next(said conversation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.said = said
	close(q.changed)
	q.changed = make(chan struct{})
}

// await waits until it is a call's turn. It is an error if it was to be another call, or has
// its result already.
func (q *queue) await(ctx context.Context, c call) error {
	for {
		q.mu.Lock()
		said, changed := q.said, q.changed
		q.mu.Unlock()
		written, ok := said.find(c.ID)
		switch {
		case ok && (written != c || said.isAnswered(c.ID)):
			return wire.Errorf(wire.CodeBadInput, "the call %s is another one, or over", c.ID)
		case ok && said.unanswered()[0] == c:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
