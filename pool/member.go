package pool

import (
	"errors"
	"fmt"
	"time"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
)

// stage is how far a member has come. It only grows.
type stage int

const (
	spare   stage = iota // ready, and without calls
	serving              // among Pool.members: it has calls
	left                 // it has no new calls, and ends once those that it has are done
)

// member is one worker of a pool. What is not set by newMember is guarded by Pool.mu.
type member struct {
	p          *Pool
	w          *parent.Worker
	generation int
	limit      int       // of calls at a time
	lastUse    int       // it has so many calls in its life; 0: any number
	born       time.Time // when it was ready
	expires    time.Time // zero: never

	left    chan struct{} // closed when it has left
	drained chan struct{} // closed when it has left, and has no calls any more, nor a session

	stage     stage
	cause     Cause // why it has left
	slot      *slot // nil: a spare of a reload
	inFlight  int
	givenUp   int  // of those, which nobody waits for
	isStuck   bool // and some of which have not ended for long
	used      int
	failures  int // in a row
	unhealthy bool
	isDrained bool
	isGone    bool // the worker is
	idleSince time.Time
	memory    int64
	session   *Session // that has it for itself
	holder    *waiter  // for whom it takes no calls, until it has none
	pinned    line     // of waiters for keys that it has
}

func (p *Pool) newMember(w *parent.Worker, generation int) *member {
	now := time.Now()
	m := &member{
		p:          p,
		w:          w,
		generation: generation,
		limit:      p.spec.concurrency(w.Info().Concurrency),
		lastUse:    shortened(max(0, p.spec.Recycle.Uses)),
		born:       now,
		idleSince:  now,
		left:       make(chan struct{}),
		drained:    make(chan struct{}),
	}
	if age := p.spec.Recycle.Age; age > 0 {
		m.expires = now.Add(shortened(age))
	}
	w.Linger(m.linger)
	w.WatchHealth(m.setHealth)
	w.WatchStuck(m.setStuck)
	return m
}

// live runs for as long as the worker does, and sees to its end. It is a task of the pool.
func (m *member) live() {
	defer m.p.tasks.Done()
	select {
	case <-m.left:
	case <-m.w.Leaving():
		m.leave(CauseAsked)
	case <-m.w.Stopping():
		m.leave(m.lossCause())
	case <-m.w.Unlinked():
		m.leave(m.lossCause())
	}
	m.finish()
	err := shutdown(m.p.killed, m.w, m.why())
	m.awaitCalls()
	m.p.bury(m, err)
}

// awaitCalls lets the calls of a worker that is gone find out, so that it is known which of
// them it has had. They do so at once.
func (m *member) awaitCalls() {
	m.p.mu.Lock()
	m.isGone = true
	m.settleLocked()
	m.p.mu.Unlock()
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-m.drained:
	case <-t.C:
	}
}

// finish lets the worker work on what somebody waits for.
func (m *member) finish() {
	var over <-chan time.Time
	if d := m.p.spec.drain(); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-m.drained:
	case <-m.w.Unlinked():
	case <-over:
	case <-m.p.stopping: // its own grace has begun
	}
}

func (m *member) leave(c Cause) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	m.leaveLocked(c)
}

// leaveLocked takes the member out of the dispatch, for good. Whoever waits for it waits for
// another one. The first cause stays.
func (m *member) leaveLocked(c Cause) {
	if m.stage == left {
		return
	}
	p := m.p
	m.stage, m.cause = left, c
	p.stats.Draining++
	close(m.left)
	p.withdrawLocked(m)
	p.keys.forget(m)
	m.unholdLocked()
	for w := m.pinned.first; w != nil; w = m.pinned.first {
		w.take()
		p.placeLocked(w)
	}
	var delay time.Duration
	if m.slot != nil {
		delay = m.slot.lostLocked(m)
	}
	m.settleLocked()
	p.tellLocked(Event{Kind: Leaving, Slot: m.number(), PID: m.w.PID(), Cause: c, Delay: delay})
	p.matchLocked()
	p.refuseLocked()
	p.changedLocked()
}

// unholdLocked makes who waits to have the member alone wait for another one.
func (m *member) unholdLocked() {
	if w := m.holder; w != nil {
		w.unreserve()
		m.p.placeLocked(w)
	}
}

// awaitedLocked is how many of its calls somebody waits for.
func (m *member) awaitedLocked() int { return m.inFlight - m.givenUp }

// settleLocked lets the member end if it may: with the session that has it, unless that has
// outlived it.
func (m *member) settleLocked() {
	if m.stage == left && !m.isDrained && m.awaitedLocked() == 0 && (m.session == nil || m.isGone) {
		m.isDrained = true
		close(m.drained)
	}
}

// roomLocked is how many more calls the member takes. What those before it in its place still
// work on counts, as a place has no more at a time than one worker takes; but not what nobody
// waits for any more, which may be for ever.
func (m *member) roomLocked() int {
	room := m.limit - m.inFlight
	if m.slot != nil {
		for _, old := range m.slot.olds {
			if old.session != nil {
				return 0
			}
			room -= old.awaitedLocked()
		}
	}
	if m.lastUse > 0 {
		room = min(room, m.lastUse-m.used)
	}
	return room
}

// takesLocked reports whether the member takes a call now.
func (m *member) takesLocked() bool {
	return m.session == nil && m.holder == nil && !m.unhealthy && m.roomLocked() > 0
}

// isUsedUpLocked reports whether the member has had all its calls.
func (m *member) isUsedUpLocked() bool { return m.lastUse > 0 && m.used >= m.lastUse }

// isIdleLocked reports whether the member does nothing, and those before it in its place
// nothing that anybody waits for.
func (m *member) isIdleLocked() bool {
	if m.inFlight > 0 || m.session != nil || m.slot == nil {
		return false
	}
	for _, old := range m.slot.olds {
		if old.awaitedLocked() > 0 || old.session != nil {
			return false
		}
	}
	return true
}

// busierLocked compares how much of what they take two members have.
func (m *member) busierLocked(than *member) bool {
	return int64(m.inFlight)*int64(than.limit) > int64(than.inFlight)*int64(m.limit)
}

func (m *member) number() int {
	if m.slot == nil {
		return -1
	}
	return m.slot.number
}

// endedLocked is the error of a worker that is dead to its place, of which err is what
// Shutdown made of it.
func (m *member) endedLocked(err error) error {
	switch {
	case err != nil:
		return err
	case m.cause == CauseUnresponsive:
		return fmt.Errorf("%s (pid %d) had not answered its pings: %v", m.w.Name(), m.w.PID(), m.w.Exit())
	}
	return fmt.Errorf("%s (pid %d) has left by itself: %v", m.w.Name(), m.w.PID(), m.w.Exit())
}

// why is why the member has left, which it has.
func (m *member) why() Cause {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	return m.cause
}

// goneLocked reports whether the worker can't have another call, and takes the member out of
// the dispatch if so: its own goroutine may not have noticed yet.
func (m *member) goneLocked() bool {
	select {
	case <-m.w.Unlinked():
		m.leaveLocked(m.lossCause())
		return true
	default:
	}
	if m.w.State() > parent.Ready {
		m.leaveLocked(m.lossCause())
		return true
	}
	return false
}

// lossCause is why a worker is lost that the pool has not ended: it may have asked before,
// and its own supervision or somebody else of the host may have ended it.
func (m *member) lossCause() Cause {
	if m.w.State() == parent.Leaving || isClosed(m.w.Leaving()) {
		return CauseAsked
	}
	switch m.w.Fault() {
	case parent.OverMemory:
		return CauseMemory
	case parent.Unresponsive:
		return CauseUnresponsive
	case parent.Unlinked:
		return CauseDied
	}
	if isClosed(m.w.Stopping()) {
		return CauseAsked
	}
	return CauseDied
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// causeOf is why a worker leaves that a call could not be sent to.
func (m *member) causeOf(err error) Cause {
	var exit *process.ExitError
	if cause := m.lossCause(); cause != CauseDied || errors.As(err, &exit) {
		return cause
	}
	return CauseAsked
}
