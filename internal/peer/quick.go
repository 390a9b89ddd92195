package peer

import (
	"time"

	"github.com/kinwire/kinwire/exchange"
)

const (
	// quickRun is how long a handler may take that the reader runs itself.
	quickRun = 50 * time.Microsecond
	// firstTrial and longestTrial are after how many quick runs a method counts as quick: the
	// first time, and at the most, if it has turned out not to be.
	firstTrial   = 8
	longestTrial = 1 << 10
	// strikes is how many slow runs make a method slow, unless so many quick ones lie between
	// them: a processor that was needed elsewhere for a moment makes any handler slow.
	strikes   = 2
	forgiving = 64
)

// method is a handler, and what its runs have taught of it. A handler that is done at once
// is run by the goroutine that has read its input, which saves waking another; one that
// takes its time would hold up the frames behind, so it gets a task. All but the name and
// the handler is guarded by Peer.mu.
type method struct {
	name    string
	handler exchange.Handler
	inline  bool // it counts as quick
	streak  int  // quick runs since the last slow one
	slow    int  // slow runs that are not forgiven
	trial   int  // how many quick runs in a row make it quick
}

// ran takes note of how long a run took.
func (m *method) ran(d time.Duration) {
	if d > quickRun {
		m.streak = 0
		if m.slow++; m.slow >= strikes {
			m.distrust()
		}
		return
	}
	m.streak++
	switch {
	case !m.inline:
		m.inline = m.streak >= m.trial
	case m.streak == forgiving:
		m.slow = 0
	case m.streak == longestTrial:
		m.trial = firstTrial
	}
}

// distrust gives a quick method tasks from now on, until it has been quick for longer than
// before: at once if a run was so long that the watch has taken the read role from it.
func (m *method) distrust() {
	if !m.inline {
		return
	}
	m.inline, m.streak, m.slow = false, 0, 0
	m.trial = min(2*m.trial, longestTrial)
}
