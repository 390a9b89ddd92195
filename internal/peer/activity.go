package peer

import "time"

// Activity is what a link is in use for.
type Activity struct {
	// Begun is how many exchanges this side has opened so far, and Open how many of
	// either side have not ended.
	Begun uint64
	Open  int
	// Abandoned is how many of this side's have not ended although nobody has waited for
	// them for a while, and Longest for how long nobody has for one.
	Abandoned int
	Longest   time.Duration
}

// Activity tells of the link's. Exchanges count as abandoned once they have been given up
// for a while; none do if that is 0 or negative.
func (p *Peer) Activity(while time.Duration) Activity {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := Activity{Begun: p.nextID / 2, Open: len(p.table)}
	if while <= 0 {
		return a
	}
	now := p.now()
	for _, x := range p.table {
		if since := now - x.gaveUp; x.givenUp && since >= while {
			a.Abandoned++
			a.Longest = max(a.Longest, since)
		}
	}
	return a
}
