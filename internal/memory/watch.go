package memory

import (
	"sync"
	"time"
)

// Use is how much memory the processes of a tree need.
type Use struct {
	Bytes     int64
	Kind      Kind
	Processes int
}

// Kind is what was measured.
type Kind string

const (
	// PSS is the proportional set size: what is shared counts once, in equal parts.
	PSS Kind = "PSS"
	// RSS is the resident set size: what is shared counts for each process, so that it is
	// too high if anything.
	RSS Kind = "RSS"
)

// Target is a tree to watch.
type Target struct {
	// Leader is a process that leads a group. The tree is that group, and what descends
	// from its processes.
	Leader int
	// Interval is the time from one measure to the next, and above 0.
	Interval time.Duration
	// Care is from how many bytes on somebody wants to know exactly: below, RSS will do.
	Care int64
	// Tell is called with every measure, on the goroutine that measures: it must not wait. It
	// is given the zero Use if the system shows no such process, or no more.
	Tell func(Use)
}

// Watch measures the tree, first at once, until stop is called. Tell may then be under way
// for one last time.
func Watch(t Target) (stop func()) {
	w := &watch{Target: t, due: time.Now()}
	shared.add(w)
	return func() { shared.remove(w) }
}

// watch is a target and when to measure it next.
type watch struct {
	Target
	due time.Time
}

// sampler measures for all. Its goroutine is there while there is a watch.
type sampler struct {
	mu      sync.Mutex
	watches map[*watch]struct{}
	changed chan struct{} // has room for one signal that there are others
	running bool
	epoch   time.Time // from when on intervals are counted
}

var shared = &sampler{watches: make(map[*watch]struct{}), changed: make(chan struct{}, 1), epoch: time.Now()}

func (s *sampler) add(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches[w] = struct{}{}
	if !s.running {
		s.running = true
		go s.run() // until the last remove
	}
	s.signalLocked()
}

func (s *sampler) remove(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, w)
	s.signalLocked()
}

func (s *sampler) signalLocked() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

const (
	// share is the part of a processor that listing takes at the most: one in so many.
	share = 100
	// longestRest is how long there is no list after one, however long that seems to have
	// taken: a host that was stopped meanwhile can't tell.
	longestRest = time.Minute
)

// rest is how long there is no list after one that took so long.
func rest(took time.Duration) time.Duration { return min(share*took, longestRest) }

// run measures what is due, until nothing is watched.
func (s *sampler) run() {
	var l list
	timer := time.NewTimer(0)
	defer timer.Stop()
	var rested time.Time // when the next list may be made
	for {
		due, ok := s.next()
		if !ok {
			return
		}
		if due.Before(rested) {
			due = rested
		}
		timer.Reset(time.Until(due))
		select {
		case <-s.changed:
			continue
		case <-timer.C:
		}
		begun := time.Now()
		l.read()
		rested = time.Now().Add(rest(time.Since(begun)))
		s.measure(&l, s.take(begun))
	}
}

// next returns when the next measure is due, or ends the run.
func (s *sampler) next() (due time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		if due.IsZero() || w.due.Before(due) {
			due = w.due
		}
	}
	s.running = len(s.watches) > 0
	return due, s.running
}

// take returns the watches that are due by now. All with the same interval are due at the
// same times, so that one list serves them all.
func (s *sampler) take(now time.Time) (due []*watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		if !w.due.After(now) {
			intervals := now.Sub(s.epoch)/w.Interval + 1
			w.due = s.epoch.Add(intervals * w.Interval)
			due = append(due, w)
		}
	}
	return due
}

// isWatched reports whether w was not removed.
func (s *sampler) isWatched(w *watch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.watches[w]
	return ok
}

// measure measures the trees of these watches.
func (s *sampler) measure(l *list, due []*watch) {
	leaders := make(map[int]struct{}, len(due))
	for _, w := range due {
		leaders[w.Leader] = struct{}{}
	}
	trees := l.trees(leaders)
	for _, w := range due {
		tree := trees[w.Leader]
		switch {
		case !s.isWatched(w):
			continue
		case len(tree) == 0:
			w.Tell(Use{})
			continue
		}
		begun := time.Now()
		use := weigh(tree, w.Care)
		if took := time.Since(begun); use.Kind == PSS {
			time.Sleep(min(9*took, time.Second)) // a tenth of a processor while this goes on
		}
		w.Tell(use)
	}
}

// weigh measures a tree.
func weigh(tree []process, care int64) Use {
	use := Use{Kind: RSS, Processes: len(tree)}
	for _, p := range tree {
		use.Bytes += p.resident()
	}
	if use.Bytes+drift*int64(len(tree)) < care {
		return use
	}
	exact := int64(0)
	for _, p := range tree {
		n, ok := p.proportional()
		if !ok {
			return use
		}
		exact += n
	}
	use.Bytes, use.Kind = exact, PSS
	return use
}
