package pool

// Stats is what a pool has done and is doing, all at the same moment. Each start is counted
// once for what has become of it, so that always
//
//	Starts == Starting + StartsFailed + StartsGivenUp + Workers + Spares + Draining + Ended
type Stats struct {
	Workers  int // that have calls, or could
	Spares   int // that are ready beside them
	Starting int // that are starting, or wait for that as Spec.Starting has it
	Draining int // that have left: they finish what they have, and end

	InFlight int // calls that workers have, those included that were given up and go on
	Waiting  int // calls and checkouts that have no worker yet
	Sessions int

	// Since the start of the pool:
	Calls   uint64 // that a worker was chosen for, each time one was; sessions count as well
	Failed  uint64 // of those, what Recycle.Failures counts
	Unsent  uint64 // of those, whose worker was gone before anything was sent
	Refused uint64 // that could not wait, or waited for what never came
	GaveUp  uint64 // that waited until their time or their context was over

	Starts        uint64 // of workers, good or bad, those for Reload included
	StartsFailed  uint64
	StartsGivenUp uint64 // as the pool is shut down, or the context of Reload has ended
	Ended         uint64 // workers that were ready and are gone, for whatever cause
	Died          uint64 // of those, with CauseDied
}

// Stats returns what the pool has done and is doing.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Workers, s.Spares, s.Waiting = len(p.members), len(p.spares), p.waiting
	for _, slot := range p.slots {
		for _, m := range slot.membersLocked() {
			s.InFlight += m.inFlight
			if m.session != nil {
				s.Sessions++
			}
		}
	}
	return s
}
