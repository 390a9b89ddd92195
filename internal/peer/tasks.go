package peer

import "sync"

// tasks are the goroutines of a peer. The zero value has none.
type tasks struct {
	mu       sync.Mutex
	running  int
	closed   bool
	finished chan struct{}
}

// Go runs f in a goroutine.
func (t *tasks) Go(f func()) {
	t.mu.Lock()
	t.running++
	t.mu.Unlock()
	go func() {
		defer t.done()
		f()
	}()
}

// Close says that tasks are about to end: when the last one has, Finished is closed.
func (t *tasks) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.checkLocked()
}

// Finished is closed once Close was called and no task runs.
func (t *tasks) Finished() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.channelLocked()
}

func (t *tasks) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.checkLocked()
}

func (t *tasks) channelLocked() chan struct{} {
	if t.finished == nil {
		t.finished = make(chan struct{})
	}
	return t.finished
}

func (t *tasks) checkLocked() {
	if !t.closed || t.running > 0 {
		return
	}
	select {
	case <-t.channelLocked():
	default:
		close(t.finished)
	}
}
