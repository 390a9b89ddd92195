package parent

// Fault is what the host ends a worker for without having been asked to.
type Fault string

// The faults.
const (
	OverMemory   Fault = "memory"       // it needed more than Memory.Limit
	Unresponsive Fault = "unresponsive" // it has not answered pings for Health.Timeout
	Unlinked     Fault = "unlinked"     // it lived on after the end of its link, or broke the protocol
)

// Stopping is closed once the host brings the worker to its end. One that ends by itself
// may never be Stopping.
func (w *Worker) Stopping() <-chan struct{} { return w.stopping }

// Fault is why the worker is Stopping, or was: the first thing that supervision had against
// it. Empty if that was nothing: somebody has called Shutdown, it has asked to be replaced,
// or it has ended by itself.
func (w *Worker) Fault() Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault
}

// blame keeps why the worker is about to be brought to its end, unless it is already.
func (w *Worker) blame(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.State() < Stopping && w.fault == "" {
		w.fault = f
	}
}
