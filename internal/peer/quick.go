package peer

import (
	"time"

	"github.com/kinwire/kinwire/exchange"
)

const (
	// quickRun is how long a handler may take that the reader runs itself.
	quickRun = 50 * time.Microsecond
	// firstTrial and longestTrial are after how many quick runs in a row a method counts as
	// quick: the first time, and at the most, if it has turned out not to be.
	firstTrial   = 8
	longestTrial = 1 << 10
)

// method is a handler, and what its runs have taught of it. A handler that is done at once
// is run by the goroutine that has read its input, which saves waking another; one that
// takes its time would hold up the frames behind, so it gets a task. All but the name and
// the handler is guarded by Peer.mu.
type method struct {
	name    string
	handler exchange.Handler
	streak  int // quick runs since the last slow one
	trial   int // how many of them it takes
}

// quick reports whether the method is known to be quick.
func (m *method) quick() bool { return m.streak >= m.trial }

// ran takes note of how long a run took. A run that was not quick makes the next trial twice
// as long, and a long row of quick ones makes it short again.
func (m *method) ran(d time.Duration) {
	switch {
	case d > quickRun:
		m.streak, m.trial = 0, min(2*m.trial, longestTrial)
	case m.streak == 2*longestTrial:
		m.trial = firstTrial
	default:
		m.streak++
	}
}
