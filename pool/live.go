package pool

import (
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"errors"

	"github.com/kinwire/kinwire/parent"
)

// What the pool needs to know of a live worker, beside its calls.

// hook makes a worker's OnUnhealthy reach the member that it becomes.
type hook struct {
	mu     sync.Mutex
	m      *member
	missed bool // it became unhealthy before it was a member
}

// into returns spec with the hook in it.
func (h *hook) into(spec parent.Spec) parent.Spec {
	theirs := spec.Health.OnUnhealthy
	spec.Health.OnUnhealthy = func(w *parent.Worker) {
		h.fire()
		if theirs != nil {
			theirs(w)
		}
	}
	return spec
}

func (h *hook) fire() {
	h.mu.Lock()
	m := h.m
	h.missed = m == nil
	h.mu.Unlock()
	if m != nil {
		m.setHealth(false)
	}
}

// setLocked is called with Pool.mu.
func (h *hook) setLocked(m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.m = m
	m.unhealthy = h.missed
}

// isHealthy reports whether a worker that was unhealthy has recovered. One that can't tell
// has.
func isHealthy(w *parent.Worker) bool {
	h, ok := any(w).(interface{ Healthy() bool })
	return !ok || h.Healthy()
}

// memoryOf is how many bytes a worker's process has resident, and 0 where that is not known.
func memoryOf(w *parent.Worker) int64 {
	statm, err := os.ReadFile("/proc/" + strconv.Itoa(w.PID()) + "/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// ignoreEOF returns nil for the orderly end of an exchange.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
