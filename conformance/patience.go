package conformance

import (
	"sync/atomic"
	"time"
)

// patience is how long to wait for what a worker owes. It is generous, so that no good worker
// fails on a busy machine, until a worker has failed by it several times: then it is not the
// machine.
type patience struct{ lost atomic.Int64 }

const (
	answerTime = 10 * time.Second // for what is due at once
	leastTime  = 1500 * time.Millisecond
)

// bound returns how long to wait now for what may take d on top of being due at once.
func (p *patience) bound(d time.Duration) time.Duration {
	switch n := p.lost.Load(); {
	case n < 6:
		return answerTime + d
	case n < 20:
		return answerTime/4 + d
	}
	return leastTime + d
}

// lose notes that something has not come in time.
func (p *patience) lose() { p.lost.Add(1) }
