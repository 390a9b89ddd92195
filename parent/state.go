package parent

// State is how far a worker's life has come. It only grows.
type State int32

const (
	// Starting: its process runs, and it has not said yet that it is ready.
	Starting State = iota
	// Ready: it takes calls.
	Ready
	// Leaving: it has asked to be replaced. It takes no new calls, and is told to end once
	// those that are open have ended.
	Leaving
	// Stopping: the host brings it to its end. It takes no new calls.
	Stopping
	// Exited: all is over, and Worker.Exit tells how it was.
	Exited
)

// String returns the name in lower case, such as "ready".
func (s State) String() string {
	switch s {
	case Starting:
		return "starting"
	case Ready:
		return "ready"
	case Leaving:
		return "leaving"
	case Stopping:
		return "stopping"
	}
	return "exited"
}

// State returns how far the worker's life has come. A worker that dies by itself is what it
// was until its report is made, and then Exited.
func (w *Worker) State() State { return State(w.state.Load()) }

// Healthy reports whether the worker lives and answers: it is neither Starting nor Exited,
// its link works, and it is not unhealthy by Health.Misses. It says nothing about whether
// its handlers get on; see [Stuck].
func (w *Worker) Healthy() bool {
	s := w.State()
	return s > Starting && s < Exited && w.peer.Err() == nil && !w.health.isUnhealthy()
}

// proceed moves the state on, unless it has come as far already, and tells of it. Events come
// in the order of the states, since this is the one place where they change.
func (w *Worker) proceed(to State, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.State() >= to {
		return
	}
	if to == Stopping {
		w.reason = reason
		close(w.stopping) // before anybody sees the state
	}
	w.state.Store(int32(to))
	if to < Exited { // the last event is release's
		w.tell(StateChanged{State: to, Reason: reason})
	}
}
