package parent

import (
	"sync"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/process"
)

// unguarded is a variable so that a test can have a host without a guardian.
var unguarded = process.Unguarded

// unguardedOnce is for the one warning of this host.
var unguardedOnce sync.Once

// warnUnguarded tells once, by the first worker that is there to see it, that what workers
// have started may outlive this host.
func (w *Worker) warnUnguarded() {
	if w.proc == nil {
		return
	}
	if err := unguarded(); err != nil {
		unguardedOnce.Do(func() {
			w.log.Warn("there is no guardian: what workers start may outlive this host if it is killed", zap.Error(err))
		})
	}
}
