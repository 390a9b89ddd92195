// Package parent is one supervised worker: started, talked with, watched and stopped.
//
//	w, err := parent.Start(ctx, parent.Spec{Command: []string{"./worker"}})
//	if err != nil {
//		return err // says what happened, and quotes what the program printed
//	}
//	defer w.Shutdown(context.Background()) // with ctx, the end of that would kill the worker
//	var answer string
//	err = w.Call(ctx, "greet", "Ada", &answer)
//
// [Start] returns once the worker is ready for calls. [Attach] does the same for a worker
// at the other end of a given connection, which may be a goroutine of this process.
//
// # Calls
//
// A [Worker] is an [exchange.Caller]: Call for one value and its answer, Open for streams.
// A call ends exactly once, in one of four ways:
//
//   - with its result
//   - with the worker's error, a *wire.Error
//   - with the worker's death, a *process.ExitError, which has the exit report
//   - with the end of its context
//
// Nothing is ever sent twice. errors.Is(err, wire.ErrNotSent) tells what is safe to repeat.
//
// # Supervision
//
// The worker leads a process group of its own. What it prints goes to [Spec.Logger] line by
// line, and so do its log messages, from [Spec.LogLevel] on. One that breaks the protocol is
// killed. Whatever it leaves behind in its group is killed before it is reaped. How it ended
// is in [Worker.Exit], and never guessed.
//
// How far its life has come is its [State], and all that happens to it is an [Event]:
//
//	spec.OnEvent = func(w *parent.Worker, e parent.Event) {
//		switch e := e.(type) {
//		case parent.StateChanged:
//			fmt.Println(w.PID(), "is", e.State, e.Reason)
//		case parent.Unhealthy:
//			fmt.Println(w.PID(), "has not answered", e.Misses, "pings")
//		}
//	}
//
// # Liveness and progress
//
// These are two things. A worker lives if it answers pings, which SDKs do from where no
// handler can block: one that misses two is unhealthy, until it answers again; one that has
// not answered for a minute is made to dump its stacks, which [Worker.Exit] keeps, and is
// killed. That goes by this process's clock, and only for time in which this process ran.
// [Worker.Ping] asks at once, and [Worker.SetHealth] pauses the pings or changes their pace.
//
// Whether a worker gets on only its calls can tell: give them deadlines. One that has not
// ended long after its caller has left is a handler that hangs, and one whose main loop does
// not turn says so with its pongs, if it has one. Both are [Stuck], which has no other
// consequence, and does not make the worker unhealthy.
//
// # Memory
//
// [Spec.Memory] has the memory of all the worker's processes watched: there is a warning, and
// a limit from which the worker is shut down, and told why.
//
// # The end
//
// [Worker.Shutdown] tells the worker to end, and waits. It never takes longer than the times
// of [Stop], a second for goodbye, and some seconds to read what the worker has left behind.
// [Worker.Graceful] tells an end in order from one that was forced; the report has the
// reasons of both sides.
//
// # What holds on which system
//
// On Linux the worker dies with its host, and so does all that it has started in its process
// group, however the host ends, and be they stopped, busy or blocked: a guardian process of
// the host kills them, see package process. On macOS and the BSDs the same holds except for
// a host that dies in the very moment of a start; a worker with an SDK leaves by itself when
// its link closes. If a host can't have a guardian, its first worker logs a warning, and what
// is left is the kernel's signal to the worker itself (Linux), and the end of the link. On
// Windows there are no process groups; a job object takes their place when the host or the
// worker ends.
package parent
