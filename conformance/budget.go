package conformance

import (
	"context"
	"time"
)

// spend ends a run, by calling cancel, once it has had that much time. What the checker itself
// was stopped for, in a shell or with its machine, is not counted: no case could go on meanwhile.
// It returns with the end of ctx.
func spend(ctx context.Context, budget time.Duration, cancel context.CancelFunc) {
	defer cancel()
	const step = 500 * time.Millisecond
	for budget > 0 {
		begun := time.Now()
		select {
		case <-time.After(min(step, budget)):
			budget -= min(time.Since(begun), 2*step)
		case <-ctx.Done():
			return
		}
	}
}
