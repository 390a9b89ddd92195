package parent

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/deadline"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// The worker's end: what brings it about returns when SIGKILL has been sent at the latest;
// conclude alone waits for what comes of that.

// bringDown ends a worker that should have ended by itself.
func (w *Worker) bringDown(reason string) {
	w.log.Warn("the worker is brought down", zap.String("reason", reason))
	w.proceed(Stopping, reason)
	if term := cmp.Or(w.spec.Stop.Term, process.DefaultTerm); w.proc != nil && term > 0 {
		w.proc.Terminate(reason)
		deadline.Await(w.exited(), term)
	}
	w.kill(reason)
}

// kill ends the worker without further notice.
func (w *Worker) kill(reason string) {
	if !w.hasEnded() {
		w.proceed(Stopping, reason)
	}
	if w.proc != nil {
		w.proc.Kill(reason)
		return
	}
	w.mu.Lock()
	if w.killed == "" && w.peer.Err() == nil {
		w.killed = reason
	}
	w.mu.Unlock()
	w.peer.Close()
}

// hasEnded reports whether the worker has come to its end already.
func (w *Worker) hasEnded() bool {
	if w.proc == nil {
		return w.peer.Err() != nil
	}
	return deadline.Happened(w.exited())
}

// conclude waits, with bounds, until nothing of the worker is left, and makes its report.
func (w *Worker) conclude() {
	gone := w.proc == nil || w.awaitKilled()
	if !gone {
		// Nothing can be done about it, and nothing said but that.
		w.log.Error("the worker is still there after SIGKILL")
	}
	w.memory.stop()
	if w.proc != nil && gone {
		// What it wrote before its end is still in the link.
		deadline.Await(w.peer.Ended(), farewell)
	}
	w.peer.Close()
	deadline.Await(w.peer.Finished(), farewell)
	exit := *w.report(gone)
	w.mu.Lock()
	defer w.mu.Unlock()
	exit.Said = w.goodbye
	exit.Reason = cmp.Or(exit.Reason, w.reason)
	w.exit = &exit
}

// awaitKilled waits for the end of a process that has exited, or was sent SIGKILL.
func (w *Worker) awaitKilled() bool {
	limit := cmp.Or(w.spec.Stop.Kill, process.DefaultKill)
	if limit < 0 {
		<-w.exited()
		return true
	}
	return deadline.Await(w.exited(), limit)
}

// report makes the exit report. It is the process's; if that was not killed for what it did
// to the protocol, as it had exited first, it says so all the same.
func (w *Worker) report(gone bool) *process.Exit {
	cause := w.peer.Err()
	var broken *wire.Violation
	errors.As(cause, &broken)
	switch {
	case w.proc == nil:
		return w.unlinkedExit(cause)
	case !gone || !deadline.Await(w.proc.Done(), process.EndTime+farewell):
		return w.unknownExit("still there after SIGKILL")
	}
	exit := w.proc.Exit()
	if broken == nil || exit.Reason != "" {
		return exit
	}
	w.log.Error("the worker had broken the protocol before it ended", zap.Error(broken))
	told := *exit
	told.Reason = broken.Error()
	return &told
}

// unlinkedExit is the report about a worker without a process, whose link has ended.
func (w *Worker) unlinkedExit(cause error) *process.Exit {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.killed == "" && errors.As(cause, new(goodbye)) {
		return w.unknownExit("") // it says itself why
	}
	return w.unknownExit(cmp.Or(w.killed, cause.Error()))
}

// unknownExit is the report about an end of which nothing is known but that.
func (w *Worker) unknownExit(reason string) *process.Exit {
	return &process.Exit{Code: -1, Reason: reason, Started: w.started, Duration: time.Since(w.started)}
}

// release lets go of those who wait for the end, once it is logged and OnEvent knows.
func (w *Worker) release() {
	w.mu.Lock()
	w.state.Store(int32(Exited))
	w.mu.Unlock()
	var last func()
	if w.spec.OnEvent != nil {
		last = func() { w.spec.OnEvent(w, StateChanged{Exited, w.exit.String()}) }
	}
	told, logged := w.events.close(last), w.logQueue.close(nil)
	until := time.Now().Add(farewell)
	deadline.Await(told, farewell)
	deadline.Await(logged, max(0, time.Until(until)))
	close(w.done)
}

// goodbye is why a link ended on which the worker has sent Exiting.
type goodbye struct{ wire.Exiting }

func (g goodbye) Error() string {
	if g.Reason == "" {
		return fmt.Sprintf("the worker said that it exits with %d", g.Code)
	}
	return fmt.Sprintf("the worker said that it exits with %d: %s", g.Code, g.Reason)
}
