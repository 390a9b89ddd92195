package parent

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/deadline"
	"github.com/kinwire/kinwire/wire"
)

// leaveTime is how long a worker may take to exit after its last message: runtimes have
// something to tidy up, and Go's race detector sleeps for a second.
const leaveTime = 3 * time.Second

// supervise watches the worker until it ends or has to, sees to that it does, and tells how
// it was. It is the one goroutine that decides about the worker's life.
func (w *Worker) supervise() {
	w.health.start()
	w.watchMemory()
	w.watch()
	w.health.stop()
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
	var grace deadline.Timer
	for {
		select {
		case <-w.exited():
			return
		case <-w.peer.Ended():
			w.unlinked()
			return
		case <-stop:
			stop, leaving, quiet = nil, nil, nil
			grace = w.sendShutdown(w.stopFor)
		case <-leaving:
			leaving, quiet = nil, w.peer.Quiet()
		case <-quiet:
			quiet = nil
			grace = w.sendShutdown("it asked to be replaced")
		case <-grace.Fired():
			if grace.Passed() {
				w.bringDown(w.overdue())
				return
			}
		case <-w.silent:
			w.unresponsive()
			return
		}
	}
}

// sendShutdown asks the worker to end, and returns the time that it has for that.
func (w *Worker) sendShutdown(reason string) deadline.Timer {
	w.proceed(Stopping, reason)
	grace := w.spec.Stop.grace()
	w.peer.Send(wire.Shutdown{Grace: grace, Reason: reason})
	return deadline.New(grace + farewell)
}

// overdue is why a worker is brought down that does not shut down.
func (w *Worker) overdue() string {
	late := fmt.Sprintf("it had not shut down after a grace of %v", w.spec.Stop.grace())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reason == noReason {
		return late
	}
	return late + ", as it was asked to since " + w.reason
}

// unlinked deals with a worker whose link has ended.
func (w *Worker) unlinked() {
	err := w.peer.Err()
	var broken *wire.Violation
	var bye goodbye
	switch {
	case errors.As(err, &broken):
		w.log.Error("the worker broke the protocol and is killed", zap.Error(broken))
		w.blame(Unlinked)
		w.kill(broken.Error())
	case w.proc == nil:
	case errors.As(err, &bye):
		if !deadline.Await(w.exited(), leaveTime) {
			w.blame(Unlinked)
			w.bringDown(fmt.Sprintf("it had said that it exits with %d, and did not", bye.Code))
		}
	case !deadline.Await(w.exited(), farewell):
		w.blame(Unlinked)
		w.bringDown(fmt.Sprintf("its link had ended (%v), and it went on", err))
	}
}
