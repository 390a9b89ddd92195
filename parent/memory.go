package parent

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/memory"
)

const (
	// warnAgain is after how long a warning about memory is repeated, and warnGrowth with
	// how many bytes more.
	warnAgain  = 120 * time.Second
	warnGrowth = 50 << 20
	// hopeless is how many times its limit a worker may need while it shuts down.
	hopeless = 2
)

// MemoryUse is how much memory a worker's processes needed when they were last measured.
type MemoryUse struct {
	Bytes int64
	// Kind is what was measured: "PSS", in which memory that processes share counts once;
	// or "RSS", in which it counts for each of them, and which is cheaper. It is RSS where
	// that is below all that Memory asks for, where the host may not know the PSS, and on
	// other systems than Linux. Empty if nothing was measured.
	Kind string
	// Processes is how many there were: the worker, its group, and what descends from it.
	Processes int
}

// String says it in short, such as "512 MiB of PSS in 3 processes".
func (m MemoryUse) String() string {
	if m.Kind == "" {
		return "not measured"
	}
	plural := "es"
	if m.Processes == 1 {
		plural = ""
	}
	return fmt.Sprintf("%s of %s in %d process%s", mebibytes(m.Bytes), m.Kind, m.Processes, plural)
}

// mebibytes says a size with as many digits as somebody wants to read.
func mebibytes(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d MiB", (n+1<<19)>>20)
}

// Memory returns the last measure. It is the zero value before the first, and if Spec.Memory
// asks for none.
func (w *Worker) Memory() MemoryUse {
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	return w.memory.last
}

// memoryWatch is what is known of a worker's memory.
type memoryWatch struct {
	mu       sync.Mutex
	end      func() // nil: nothing is measured
	last     MemoryUse
	baseline int64 // the first measure
	told     int64 // what was warned of last
	toldAt   time.Time
	hidden   bool // there was nothing to measure
}

// watchMemory begins to measure, if that is asked for.
func (w *Worker) watchMemory() {
	spec := w.spec.Memory
	interval := spec.interval()
	if w.proc == nil || interval == 0 {
		return
	}
	care := spec.Warn
	if care <= 0 || spec.Limit > 0 && spec.Limit < care {
		care = max(0, spec.Limit)
	}
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	w.memory.end = memory.Watch(memory.Target{
		Leader:   w.proc.PID(),
		Interval: interval,
		Care:     care,
		Tell: func(u memory.Use) {
			w.needs(MemoryUse{Bytes: u.Bytes, Kind: string(u.Kind), Processes: u.Processes}, time.Now())
		},
	})
}

// stop ends the measuring.
func (m *memoryWatch) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.end != nil {
		m.end()
		m.end = nil
	}
}

// needs judges a measure.
func (w *Worker) needs(use MemoryUse, now time.Time) {
	if use.Kind == "" {
		if w.memory.noteHidden() && w.State() < Stopping {
			w.log.Warn("the worker's memory can't be measured, as the system does not show its processes")
		}
		return
	}
	warning := w.memory.note(use, w.spec.Memory.Warn, now)
	if warning != nil {
		w.tell(*warning)
	}
	limit := w.spec.Memory.Limit
	if limit <= 0 || use.Bytes <= limit {
		return
	}
	reason := fmt.Sprintf("it needs %v, over its limit of %s", use, mebibytes(limit))
	w.blame(OverMemory)
	if use.Bytes/hopeless >= limit {
		w.log.Error("the worker needs far too much memory and is killed", zap.String("reason", reason))
		w.kill(reason)
		return
	}
	if w.State() < Stopping {
		w.log.Warn("the worker needs too much memory and is shut down", zap.String("reason", reason))
	}
	w.askToStop(reason)
}

// noteHidden notes that there was nothing to measure, and reports whether that is news: a worker
// that was seen before has ended.
func (m *memoryWatch) noteHidden() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := m.last.Kind == "" && !m.hidden
	m.hidden = true
	return news
}

// note keeps a measure, and returns the warning that it is worth, if any.
func (m *memoryWatch) note(use MemoryUse, warn int64, now time.Time) *HighMemory {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last.Kind == "" {
		m.baseline = use.Bytes
	}
	m.last = use
	switch {
	case warn <= 0 || use.Bytes < warn:
		return nil
	case !m.toldAt.IsZero() && now.Sub(m.toldAt) < warnAgain && use.Bytes-m.told < warnGrowth:
		return nil
	}
	m.told, m.toldAt = use.Bytes, now
	return &HighMemory{Use: use, Growth: use.Bytes - m.baseline}
}
