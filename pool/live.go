package pool

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

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

// shutdown ends a worker, which is told why if it can be.
func shutdown(ctx context.Context, w *parent.Worker, c Cause) error {
	if told, ok := any(w).(interface {
		ShutdownFor(context.Context, string) error
	}); ok {
		return told.ShutdownFor(ctx, c.words())
	}
	return w.Shutdown(ctx)
}

// isHealthy reports whether a worker has recovered since its last round trip took so long.
func isHealthy(w *parent.Worker, then time.Duration) bool {
	if h, ok := any(w).(interface{ Healthy() bool }); ok {
		return h.Healthy()
	}
	return w.RoundTrip() != then
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
