// Package pool is many workers behind one [exchange.Caller]: they are kept running, each call
// goes to the least busy one, and those that have failed or are used up are replaced.
//
//	p, err := pool.Start(ctx, pool.Spec{
//		Worker: parent.Spec{Command: []string{"./worker"}},
//		Size:   pool.Size{Min: 4},
//	})
//	if err != nil {
//		return err // says what happened, and quotes what the program printed
//	}
//	defer p.Shutdown(context.Background()) // with ctx, the end of that would kill the workers
//	var answer string
//	err = p.Call(ctx, "greet", "Ada", &answer)
//
// # Calls
//
// A call goes to the worker that has the fewest calls for those it takes; of workers that are
// alike, to the first, so that the others may end. A worker takes as many calls at a time as
// it has announced, or [Spec.PerWorker]. When all have that, calls wait in the order in which
// they came, as [Queue] bounds it, and workers are added up to [Size.Max]. A worker that
// announces no number takes any, as one in Go does without child.Worker.Concurrency: unless
// PerWorker bounds it no call ever waits, and Queue and Max do nothing.
//
// Calls end as those of a parent.Worker do. A call of which nothing was sent when its worker
// died, or asked to be replaced, goes to another worker, three times at the most; one of
// which anything was sent never does, and says so: its error is a *process.ExitError, and
// not [wire.ErrNotSent].
//
// An exchange that [Pool.Open] has returned, and a call that was given up, keep their place
// until the worker has ended them, and no longer: nobody has to receive that. When the worker
// is replaced, those that were given up do not count any more.
//
// # Which worker
//
//	p.Sticky("user 7").Call(ctx, "set", v, nil) // the same worker for the same key, while it lives
//
//	s, err := p.Checkout(ctx)                   // one that nobody else has meanwhile
//	if err != nil {
//		return err
//	}
//	defer s.Release()                           // or s.Discard(), if it is of no use any more
//	err = s.Call(ctx, "begin", nil, nil)
//
// # How many
//
// There are always [Size.Min], and up to Max while calls wait; who has nothing to do for
// Idle ends. Spares are workers that are ready, and take the place of one that ends. With
//
//	Size:    pool.Size{Min: 4, Spares: 4},
//	Recycle: pool.Recycle{Uses: 1},
//
// each call has a fresh process, which was started before it came.
//
// # Places
//
// Each worker has a place, by [SlotInfo.Slot]. What happens to one does not hold up the
// others. A worker that dies, or can't be started, leaves its place empty for a time that
// grows, and from the fifth failure within a minute on there is a try every 30 s; see
// [Restart]. A worker that lives for 30 s makes all that forgotten.
//
// A worker that [Recycle] is about, and with [Pool.Reload] every worker, goes on until its
// successor is ready. Then it finishes what it has, for [Spec.Drain] at the most, while the
// place takes as many calls as if there were one worker.
//
// One that does not answer its pings has no new calls until it does. One whose own
// supervision ends it, as it is unresponsive or over its limit of memory, says so by its
// [Cause]; the former is a failure of its place, the latter only before it had a call.
//
// A handler that hangs keeps its place when its caller has given up. Once it has done so for
// Health.Stuck of the worker, 10 s by default, and the worker does nothing else or has no
// room, the worker is replaced; see [CauseStuck]. So calls should have deadlines. What nobody
// waits for counts neither against a successor nor as something to finish: it has the time of
// Worker.Stop.
//
// While no place has a worker, and none will have one soon, calls do not wait: they fail with
// the code overloaded, and quote the last words of the last worker. Soon means that there
// is a place whose breaker is closed, and whose last three workers have not come to nothing.
//
// # What it tells
//
// [Pool.Stats] counts, [Pool.Slots] lists the places, and [Spec.OnEvent] is told of every
// change. What the workers print and log goes to the Logger of [Spec.Worker].
package pool
