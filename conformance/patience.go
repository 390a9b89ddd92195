package conformance

import (
	"sync/atomic"
	"time"
)

// patience is how long to wait for what a worker owes. It is generous, so that no good worker
// fails on a busy machine, until a worker has failed by it several times: then it is not the
// machine.
type patience struct {
	whole time.Duration // for what is due at once
	lost  atomic.Int64
}

// leastTime is how long to wait at least for what is due at once.
const leastTime = 1500 * time.Millisecond

// bound returns how long to wait now for what may take d on top of being due at once.
func (p *patience) bound(d time.Duration) time.Duration {
	switch n := p.lost.Load(); {
	case !p.worn():
		return p.whole + d
	case n < 20:
		return max(p.whole/4, leastTime) + d
	}
	return leastTime + d
}

// transfer is how much longer a worker may take because of that many bytes, on a slow machine.
func transfer(n int) time.Duration { return time.Duration(n>>19) * time.Second }

// lose notes that something has not come in time.
func (p *patience) lose() { p.lost.Add(1) }

// worn reports whether the worker has used up its patience.
func (p *patience) worn() bool { return p.lost.Load() >= 6 }
