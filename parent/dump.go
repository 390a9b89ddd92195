package parent

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/internal/deadline"
	"github.com/kinwire/kinwire/internal/version"
)

// dumpTime is how long a worker has to dump its stacks.
const dumpTime = 2 * time.Second

// unresponsive makes the worker say what it is doing, and kills it.
func (w *Worker) unresponsive() {
	timeout := w.health.timeout()
	reason := fmt.Sprintf("no answer to a ping for %v", timeout)
	w.log.Error("the worker is unresponsive and is killed", zap.Duration("after", timeout))
	w.blame(Unresponsive)
	w.proceed(Stopping, reason)
	if w.proc == nil {
		w.kill(reason)
		return
	}
	info := w.Info()
	dump := syscall.SIGABRT
	if strings.HasPrefix(info.SDK, version.SDKName+"/") {
		dump = syscall.SIGQUIT
	}
	if w.proc.DumpMember(info.PID, dump, reason) == nil {
		deadline.Await(w.exited(), dumpTime)
	}
	w.kill(reason)
}
