package parent

// What package pool counts and watches a worker by, beside its calls.

// Linger arranges for tell to be told of exchanges that keep their place at the worker while
// no Call waits for them. open is 1 when Open has returned one, or Call has given one up
// that the worker has not ended yet, and -1 when one of them has ended; givenUp is 1 when
// nobody waits any more for one of them, as its context has ended or it was closed, and -1
// when such a one has ended. end is, of an end, a *peer.LostError if the link has ended; else
// what the exchange ended with, io.EOF if that was in order, and nil for one that Call had
// given up.
//
// tell must neither wait nor use the worker. Linger comes before the first call.
func (w *Worker) Linger(tell func(open, givenUp int, end error)) { w.peer.Linger(tell) }

// WatchHealth arranges for tell to be told when the worker becomes unhealthy, be it before,
// and when it has recovered. Unlike [Spec.OnEvent], which may hang, it is told at once.
//
// tell must neither wait nor use the worker.
func (w *Worker) WatchHealth(tell func(healthy bool)) { w.health.watch(tell) }

// WatchStuck arranges for tell to be told when calls that were given up have not ended for
// Health.Stuck, be it before, and when none of that kind is left. It is told at once.
//
// tell must neither wait nor use the worker.
func (w *Worker) WatchStuck(tell func(stuck bool)) { w.health.watchStuck(tell) }

// Name is what the worker is called in logs and errors, see [Spec.Name].
func (w *Worker) Name() string { return w.name }

// Leaving is closed when the worker asks to be replaced: it takes no new calls.
func (w *Worker) Leaving() <-chan struct{} { return w.leaving }

// Unlinked is closed when the link to the worker has ended, which is soon after the worker
// has, and before its report is made.
func (w *Worker) Unlinked() <-chan struct{} { return w.peer.Ended() }
