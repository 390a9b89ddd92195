package process

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Limits is what a command must not exceed. If it does, it is stopped with Command.Stop,
// and Exit.Limit tells which limit it was. If zero or negative, there is none.
//
// Time counts only while the host itself runs, and silence only while the host reads: a
// stopped host or a suspended machine breaks no limit, and a command that has to wait for a
// slow OnLine is not silent. What goes to a file (Command.Stdout) is no output here. A broken
// limit is found up to an eighth of the shortest limit late, or 5 s.
type Limits struct {
	// Output is how many bytes the command may print, in all that is captured. OnLine and
	// OnChunk get so many and no more; the tails in the exit report go on.
	Output int64
	// FirstOutput is how long after its start the command may take to print anything.
	FirstOutput time.Duration
	// Silence is how long the command may print nothing. With FirstOutput, it counts from
	// the first output.
	Silence time.Duration
	// Total is how long the command may take.
	Total time.Duration
}

// Limit is one of the Limits.
type Limit int

// The limits. NoLimit: none was broken.
const (
	NoLimit Limit = iota
	OutputLimit
	FirstOutputLimit
	SilenceLimit
	TotalLimit
)

// String returns "none", "output", "first output", "silence" or "total".
func (l Limit) String() string {
	return [...]string{"none", "output", "first output", "silence", "total"}[l]
}

// broken says in the exit report that l was broken.
func (l Limits) broken(which Limit) string {
	switch which {
	case OutputLimit:
		return fmt.Sprintf("more than %d bytes of output", l.Output)
	case FirstOutputLimit:
		return fmt.Sprintf("no output within %v", l.FirstOutput)
	case SilenceLimit:
		return fmt.Sprintf("no output for %v", l.Silence)
	}
	return fmt.Sprintf("still running after %v", l.Total)
}

// meter counts the output of a command that has limits.
type meter struct {
	limits   Limits
	total    atomic.Int64
	reads    atomic.Int64
	exceeded chan struct{} // has room for one
}

// newMeter returns nil if there are no limits.
func newMeter(l Limits) *meter {
	if l.Output <= 0 && l.FirstOutput <= 0 && l.Silence <= 0 && l.Total <= 0 {
		return nil
	}
	return &meter{limits: l, exceeded: make(chan struct{}, 1)}
}

// count counts n bytes, and returns how many of them are within the limit.
func (m *meter) count(n int) int {
	if m == nil {
		return n
	}
	m.reads.Add(1)
	total := m.total.Add(int64(n))
	over := total - m.limits.Output
	if m.limits.Output <= 0 || over <= 0 {
		return n
	}
	select {
	case m.exceeded <- struct{}{}:
	default:
	}
	return max(0, n-int(min(over, int64(n))))
}

// isExceeded reports whether there was more output than the limit.
func (m *meter) isExceeded() bool {
	return m != nil && m.limits.Output > 0 && m.total.Load() > m.limits.Output
}
