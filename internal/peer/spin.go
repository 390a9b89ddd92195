package peer

import (
	"time"

	"github.com/kinwire/kinwire/transport"
)

// spinner polls a link for a moment before its reader waits, for as long as that is of use:
// after a few times that nothing came it lets most of the next waits pass without. Its zero
// value never polls. It belongs to the holder of the read role.
type spinner struct {
	budget time.Duration
	misses int
	skip   int
}

const (
	spinMisses = 8  // in a row, after which
	spinSkips  = 64 // so many waits are not polled, before it is tried once more
)

// read polls for as long as the budget.
func (s *spinner) read(c transport.Direct, space []byte) (int, error) {
	switch {
	case s.budget <= 0 || threads.limit.Load() < 1:
		return 0, nil
	case s.skip > 0:
		s.skip--
		return 0, nil
	}
	for began := time.Now(); time.Since(began) < s.budget; {
		if n, err := c.TryRead(space); n > 0 || err != nil {
			s.misses = 0
			return n, err
		}
	}
	if s.misses++; s.misses >= spinMisses {
		s.misses, s.skip = spinMisses-1, spinSkips
	}
	return 0, nil
}
