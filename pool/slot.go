package pool

import (
	"slices"
	"time"

	"github.com/kinwire/kinwire/parent"
)

// slot is a place for a worker. Its goroutine sees to it that there is one: it is the only
// one that starts workers for it. What is not set by addSlotLocked is guarded by Pool.mu.
type slot struct {
	p       *Pool
	number  int
	isSpare bool          // its worker is taken by other slots
	pokes   chan struct{} // holds one when there is something to look at

	starting bool
	current  *member   // serving, or a spare
	why      Cause     // current is to be replaced, if it is
	olds     []*member // that have left, and not ended yet: two at the most
	backoff  backoff
	breaker  breaker
	retryAt  time.Time // no start before
	barren   int       // workers in a row that came to nothing
	starts   int
	lastErr  error

	generation int // of the newest worker that it has had
}

// step is what a slot has to do next.
type step int

const (
	rest  step = iota // sleep until something happens
	begin             // start a worker
	end
)

const never = time.Duration(1<<63 - 1)

// run keeps the place filled. It is a task of the pool.
func (s *slot) run() {
	defer s.p.tasks.Done()
	for {
		next, wait := s.review()
		switch next {
		case end:
			return
		case begin:
			s.start()
		case rest:
			s.sleep(wait)
		}
	}
}

func (s *slot) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.pokes:
	case <-t.C:
	}
}

// poke makes the slot look again.
func (s *slot) poke() {
	select {
	case s.pokes <- struct{}{}:
	default:
	}
}

func (s *slot) review() (step, time.Duration) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.measureLocked()
	return s.reviewLocked(time.Now())
}

// reviewLocked decides what to do, and after how long to decide again if nothing happens.
func (s *slot) reviewLocked(now time.Time) (step, time.Duration) {
	p := s.p
	if p.closing {
		return end, 0
	}
	wait := never
	if m := s.current; m != nil {
		s.forgiveLocked(now)
		var cause Cause
		if cause, wait = m.dueLocked(now); cause == "" {
			return rest, min(wait, s.forgivenInLocked(now))
		}
		if cause == CauseUnneeded {
			m.leaveLocked(cause)
			p.slots = slices.DeleteFunc(p.slots, func(o *slot) bool { return o == s })
			return end, 0
		}
		s.why = cause
	}
	if s.blockedLocked() {
		return rest, wait
	}
	if d := s.retryAt.Sub(now); d > 0 {
		return rest, min(wait, d)
	}
	if m := p.takeSpareLocked(s); m != nil {
		s.adoptLocked(m)
		return rest, 0
	}
	s.beginLocked()
	return begin, 0
}

// blockedLocked reports whether the place has to wait for the end of a worker that it had: a
// dead one has to be gone, and no more than two live at a time.
func (s *slot) blockedLocked() bool {
	for _, m := range s.olds {
		if m.cause.isDeath() {
			return true
		}
	}
	return len(s.olds) > 1 || len(s.olds) == 1 && s.current != nil
}

// start starts a worker, once not too many others are starting.
func (s *slot) start() {
	p := s.p
	select {
	case p.starts <- struct{}{}:
	case <-p.stopping:
		s.startFailed(errShuttingDown())
		return
	}
	spec, generation := p.nextWorker()
	w, err := parent.Start(p.starting, spec)
	<-p.starts
	if err != nil {
		s.startFailed(err)
		return
	}
	m := p.newMember(w, generation)
	p.mu.Lock()
	defer p.mu.Unlock()
	s.startedLocked()
	p.startFailures = 0
	p.tasks.Add(1)
	go m.live()
	s.adoptLocked(m)
}

// beginLocked counts a start, of which startedLocked is the end.
func (s *slot) beginLocked() {
	s.starting = true
	s.starts++
	s.p.stats.Starts++
	s.p.stats.Starting++
}

func (s *slot) startedLocked() {
	s.starting = false
	s.p.stats.Starting--
}

func (s *slot) startFailed(err error) {
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	s.startedLocked()
	if p.closing {
		p.stats.StartsGivenUp++
		return
	}
	p.stats.StartsFailed++
	s.barren++
	p.startFailures++
	delay := s.failLocked(time.Now(), err)
	p.tellLocked(Event{Kind: StartFailed, Slot: s.number, Err: err, Delay: delay})
	p.changedLocked()
}

// adoptLocked gives the place to a worker. The one that it had leaves.
func (s *slot) adoptLocked(m *member) {
	p, old := s.p, s.current
	s.current, m.slot, s.generation = m, s, m.generation
	switch {
	case p.closing:
		m.leaveLocked(CauseShutdown)
		return
	case s.isSpare:
		p.spares = append(p.spares, m)
		p.pokeEmptyLocked()
	default:
		m.stage = serving
		p.enterLocked(m)
	}
	p.tellLocked(Event{Kind: Ready, Slot: s.number, PID: m.w.PID()})
	if old != nil {
		old.leaveLocked(s.why)
	}
	p.offerLocked(m)
	p.growLocked()
	p.readyLocked()
	p.changedLocked()
}
