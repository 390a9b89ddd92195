package pool

// Stats is what a pool has done and is doing, all at the same moment.
type Stats struct {
	Workers  int // that have calls, or could
	Spares   int // that are ready beside them
	Starting int // places where one is starting
	Draining int // workers that finish what they have

	InFlight int // calls that workers have, those included that were given up and go on
	Waiting  int // calls and checkouts that have no worker yet
	Sessions int

	// Since the start of the pool:
	Calls   uint64 // that a worker was chosen for, each time one was; sessions count as well
	Failed  uint64 // of those, what Recycle.Failures counts
	Unsent  uint64 // of those, whose worker was gone before anything was sent
	Refused uint64 // that could not wait, or waited for what never came
	GaveUp  uint64 // that waited until their time or their context was over

	Starts       uint64 // of workers, good or bad
	StartsFailed uint64
	Ended        uint64 // workers, for whatever cause
	Died         uint64 // of those, by themselves
}

// Stats returns what the pool has done and is doing.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Workers, s.Spares, s.Waiting = len(p.members), len(p.spares), p.waiting
	for _, slot := range p.slots {
		if slot.starting {
			s.Starting++
		}
		s.Draining += len(slot.olds)
		for _, m := range slot.membersLocked() {
			s.InFlight += m.inFlight
			if m.session != nil {
				s.Sessions++
			}
		}
	}
	return s
}
