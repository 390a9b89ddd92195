package pool

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/kinwire/kinwire/parent"
)

// What the pool needs to know of a live worker, beside its calls.

// hook makes a worker's events reach the member that it becomes.
type hook struct {
	mu   sync.Mutex
	m    *member
	sick bool // it became unhealthy before it was a member
}

// into returns spec with the hook in it.
func (h *hook) into(spec parent.Spec) parent.Spec {
	theirs := spec.OnEvent
	spec.OnEvent = func(w *parent.Worker, e parent.Event) {
		h.take(w, e)
		if theirs != nil {
			theirs(w, e)
		}
	}
	return spec
}

func (h *hook) take(w *parent.Worker, e parent.Event) {
	switch e := e.(type) {
	case parent.Unhealthy:
		h.setHealth(false)
	case parent.Recovered:
		h.setHealth(true)
	case parent.EventsLost: // one of the above may have been among them
		h.setHealth(w.Healthy())
	case parent.StateChanged:
		if m := h.member(); m != nil && (e.State == parent.Leaving || e.State == parent.Stopping) {
			m.leave(m.lossCause()) // unless the pool has brought it about
		}
	}
}

func (h *hook) setHealth(healthy bool) {
	h.mu.Lock()
	h.sick = !healthy
	m := h.m
	h.mu.Unlock()
	if m != nil {
		m.setHealth(healthy)
	}
}

func (h *hook) member() *member {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.m
}

// setLocked is called with Pool.mu.
func (h *hook) setLocked(m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.m = m
	m.unhealthy = h.sick
}

// measured returns spec with its memory measured closely enough to tell when a worker needs
// more than most.
func measured(spec parent.Spec, most int64) parent.Spec {
	if most > 0 && (spec.Memory.Warn <= 0 || spec.Memory.Warn > most) {
		spec.Memory.Warn = most
	}
	return spec
}

// shutdown ends a worker, which is told why.
func shutdown(ctx context.Context, w *parent.Worker, c Cause) error {
	return w.ShutdownFor(ctx, c.words())
}

// memoryOf is how many bytes the processes of a worker need.
func memoryOf(w *parent.Worker) int64 { return w.Memory().Bytes }

// ignoreEOF returns nil for the orderly end of an exchange.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
