package parent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/version"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

const (
	// dumpTime is how long a worker has to dump its stacks.
	dumpTime = 2 * time.Second
	// leaveTime is how long a worker may take to exit after its last message: runtimes
	// have something to tidy up, and Go's race detector sleeps for a second.
	leaveTime = 3 * time.Second
)

// supervise watches the worker until it ends or has to, sees to that it does, and tells how
// it was. It is the one goroutine that decides about the worker's life.
func (w *Worker) supervise() {
	w.health.start()
	defer w.health.stop()
	w.watch()
	w.conclude()
	level := zap.WarnLevel
	if w.orderly() {
		level = zap.DebugLevel
	}
	w.log.Log(level, "the worker has ended", zap.Stringer("exit", w.exit), zap.Uint64("ignored_messages", w.peer.Ignored()))
	w.release()
}

// watch returns once the worker has ended, or has been brought to its end.
func (w *Worker) watch() {
	stop, leaving := w.stop, w.leaving
	var quiet <-chan struct{}
	var graceOver <-chan time.Time
	for {
		select {
		case <-w.exited():
			return
		case <-w.peer.Ended():
			w.unlinked()
			return
		case <-stop:
			stop, leaving, quiet = nil, nil, nil
			graceOver = w.sendShutdown("the host shuts it down")
		case <-leaving:
			leaving, quiet = nil, w.peer.Quiet()
		case <-quiet:
			quiet = nil
			graceOver = w.sendShutdown("it asked to be replaced")
		case <-graceOver:
			w.bringDown(fmt.Sprintf("it had not shut down after a grace of %v", w.spec.Stop.grace()))
			return
		case <-w.health.ticks():
			if w.health.tick(time.Now()) {
				w.unresponsive()
				return
			}
		}
	}
}

// sendShutdown asks the worker to end, and returns when its time for that is over.
func (w *Worker) sendShutdown(reason string) <-chan time.Time {
	w.proceed(stopping)
	grace := w.spec.Stop.grace()
	w.peer.Send(wire.Shutdown{Grace: grace, Reason: reason})
	return time.After(grace + farewell)
}

// unlinked deals with a worker whose link has ended.
func (w *Worker) unlinked() {
	err := w.peer.Err()
	var broken *wire.Violation
	var bye goodbye
	switch {
	case errors.As(err, &broken):
		w.log.Error("the worker broke the protocol and is killed", zap.Error(broken))
		w.kill(broken.Error())
	case w.proc == nil:
	case errors.As(err, &bye):
		if !w.await(w.exited(), leaveTime) {
			w.bringDown(fmt.Sprintf("it had said that it exits with %d, and did not", bye.Code))
		}
	case !w.await(w.exited(), farewell):
		w.bringDown(fmt.Sprintf("its link had ended (%v), and it went on", err))
	}
}

// unresponsive makes the worker say what it is doing, and kills it.
func (w *Worker) unresponsive() {
	reason := fmt.Sprintf("no answer to a ping for %v", w.spec.Health.timeout())
	w.log.Error("the worker is unresponsive and is killed", zap.Duration("after", w.spec.Health.timeout()))
	if w.proc == nil {
		w.kill(reason)
		return
	}
	dump := syscall.SIGABRT
	if strings.HasPrefix(w.info.SDK, version.SDKName+"/") {
		dump = syscall.SIGQUIT
	}
	if w.proc.Dump(dump, reason) == nil {
		w.await(w.exited(), dumpTime)
	}
	w.kill(reason)
}

// bringDown ends a worker that should have ended by itself.
func (w *Worker) bringDown(reason string) {
	w.log.Warn("the worker is brought down", zap.String("reason", reason))
	if w.proc == nil {
		w.kill(reason)
		return
	}
	ladder := process.Ladder{Term: w.spec.Stop.Term, Kill: w.spec.Stop.Kill}
	if err := w.proc.Stop(context.Background(), ladder, reason); err != nil {
		w.log.Error("the worker can't be killed", zap.Error(err))
	}
}

// conclude waits, with bounds, until nothing of the worker is left, and makes its report.
func (w *Worker) conclude() {
	if w.proc != nil && !w.awaitKilled() {
		// Nothing can be done about it, and nothing said but that.
		w.log.Error("the worker is still there after SIGKILL")
	}
	if w.proc != nil {
		// What it wrote before its end is still in the link.
		w.await(w.peer.Ended(), farewell)
	}
	w.peer.Close()
	w.await(w.peer.Finished(), farewell)
	w.exit = w.report()
}

// release lets go of those who wait for the end, once the log is written.
func (w *Worker) release() {
	w.await(w.logQueue.close(), farewell)
	close(w.done)
}

// awaitKilled waits for the end of a process that has exited, or was sent SIGKILL.
func (w *Worker) awaitKilled() bool {
	limit := cmp.Or(w.spec.Stop.Kill, process.DefaultKill)
	if limit < 0 {
		<-w.exited()
		return true
	}
	return w.await(w.exited(), limit)
}

// report makes the exit report. It is the process's; if that was not killed for what it did
// to the protocol, as it had exited first, it says so all the same.
func (w *Worker) report() *process.Exit {
	cause := w.peer.Err()
	var broken *wire.Violation
	errors.As(cause, &broken)
	if w.proc == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.unknownExit(cmp.Or(w.reason, cause.Error()))
	}
	if !w.await(w.proc.Done(), process.EndTime+farewell) {
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

// unknownExit is the report about an end of which nothing is known but that.
func (w *Worker) unknownExit(reason string) *process.Exit {
	return &process.Exit{Code: -1, Reason: reason, Started: w.started, Duration: time.Since(w.started)}
}
