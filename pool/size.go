package pool

import (
	"slices"

	"github.com/kinwire/kinwire/parent"
)

// addSlotLocked adds a place for workers that serve, or for spares.
func (p *Pool) addSlotLocked(of stage) {
	s := &slot{p: p, isSpare: of == spare, pokes: make(chan struct{}, 1)}
	for _, o := range p.slots { // which are in order
		if o.number == s.number {
			s.number++
		}
	}
	at, _ := slices.BinarySearchFunc(p.slots, s, func(a, b *slot) int { return a.number - b.number })
	p.slots = slices.Insert(p.slots, at, s)
	p.tasks.Add(1)
	go s.run()
}

// enterLocked lets a member serve.
func (p *Pool) enterLocked(m *member) {
	at, _ := slices.BinarySearchFunc(p.members, m, func(a, b *member) int { return a.slot.number - b.slot.number })
	p.members = slices.Insert(p.members, at, m)
}

// withdrawLocked takes a member away from where it is found.
func (p *Pool) withdrawLocked(m *member) {
	same := func(o *member) bool { return o == m }
	p.members = slices.DeleteFunc(p.members, same)
	p.spares = slices.DeleteFunc(p.spares, same)
}

// takeSpareLocked takes a worker that is ready from its place, for another one.
func (p *Pool) takeSpareLocked(s *slot) *member {
	if s.isSpare {
		return nil
	}
	for _, m := range slices.Clone(p.spares) { // of which some may leave
		if m.generation != p.generation || m.unhealthy || m.goneLocked() {
			continue
		}
		p.withdrawLocked(m)
		if from := m.slot; from != nil {
			from.current = nil
			from.poke()
		}
		return m
	}
	return nil
}

// pokeEmptyLocked makes slots look again that want a worker.
func (p *Pool) pokeEmptyLocked() {
	for _, s := range p.slots {
		if !s.isSpare && (s.current == nil || s.why != "") {
			s.poke()
		}
	}
}

// servingSlotsLocked is how many places there are for workers that serve.
func (p *Pool) servingSlotsLocked() (n int) {
	for _, s := range p.slots {
		if !s.isSpare {
			n++
		}
	}
	return n
}

// isExtraLocked reports whether a place is one that the pool may do without.
func (p *Pool) isExtraLocked(s *slot) bool {
	return s != nil && !s.isSpare && p.servingSlotsLocked() > p.spec.Size.min()
}

// movableLocked is how many wait whom another worker would help: not those whose key has one.
func (p *Pool) movableLocked() int {
	n := p.waiting
	for _, m := range p.members {
		n -= m.pinned.n
	}
	return n
}

// growLocked adds places while more calls wait than workers to come will take.
func (p *Pool) growLocked() {
	waiting := p.movableLocked()
	if waiting == 0 || p.closing || p.servingSlotsLocked() >= p.spec.Size.max() {
		return
	}
	coming := 0
	for _, s := range p.slots {
		if !s.isSpare && s.current == nil && !s.isDownLocked() {
			coming++
		}
	}
	each := p.spec.concurrency(0)
	if len(p.members) > 0 {
		each = p.members[0].limit
	} else if each > 1 {
		each = waiting // one will do, for all that is known
	}
	if p.waitingAlone > 0 {
		each = 1
	}
	for n := p.servingSlotsLocked(); n < p.spec.Size.max() && coming*each < waiting; n++ {
		p.addSlotLocked(serving)
		coming++
	}
}

// nextWorker is what the next worker is started by.
func (p *Pool) nextWorker() (parent.Spec, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worker, p.generation
}
