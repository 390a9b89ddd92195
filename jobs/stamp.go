package jobs

import "time"

// stamp is a moment by two clocks: the one on the wall, for people, and the one that runs on
// evenly from the boot of the machine, for durations.
type stamp struct {
	Wall time.Time     `json:"wall"`
	Boot string        `json:"boot,omitempty"` // which boot; empty: there is no such clock
	Even time.Duration `json:"even_ns,omitempty"`
}

// since returns how long ago an earlier moment was. No clock step counts between two moments
// of the same boot; across boots there is only the clock on the wall.
func (s stamp) since(earlier stamp) time.Duration {
	if s.Boot != "" && s.Boot == earlier.Boot {
		return s.Even - earlier.Even
	}
	return s.Wall.Sub(earlier.Wall)
}

// add returns the moment that comes d later.
func (s stamp) add(d time.Duration) stamp {
	s.Wall = s.Wall.Add(d)
	if s.Boot != "" {
		s.Even += d
	}
	return s
}

// isZero reports whether s is no moment.
func (s stamp) isZero() bool { return s.Wall.IsZero() }

// now returns this moment.
func now() stamp {
	s := stamp{Wall: time.Now().UTC().Round(0)}
	if even, ok := evenClock(); ok {
		s.Boot, s.Even = bootID(), even
	}
	return s
}
