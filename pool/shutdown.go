package pool

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Shutdown ends the pool, and waits until it has: new and waiting calls fail with the code
// shutting_down, and all workers are shut down at the same time, each as Worker.Stop says. So
// what they work on has Stop.Grace to end. When ctx ends, they are killed at once.
//
// Those that were about to end already, as they had been replaced, have no more time than
// the others. It returns what went wrong with the workers that it has found and that did not
// end in order: an error for each that had to be killed, for whatever cause it had left. One
// that had died or was unresponsive before is not among them; [Spec.OnEvent] is told. It may
// be called again, and after the end.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.close()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.kill(context.Cause(ctx))
		<-p.done
	}
	return errors.Join(p.endErrs...)
}

// Done is closed when the pool has ended and nothing of its workers is left.
func (p *Pool) Done() <-chan struct{} { return p.done }

// close begins the end.
func (p *Pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return
	}
	p.closing = true
	close(p.stopping)
	p.cancelStarts()
	for _, m := range slices.Concat(p.members, p.spares) {
		m.leaveLocked(CauseShutdown)
	}
	p.failLocked(errShuttingDown())
	for _, s := range p.slots {
		s.poke()
	}
	p.changedLocked()
}

// reap waits for the end of the pool.
func (p *Pool) reap() {
	<-p.stopping
	p.tasks.Wait()
	p.kill(nil) // what it holds
	p.events.close()
	close(p.done)
}

// bury takes note that a worker has ended, of which err is what Shutdown says.
func (p *Pool) bury(m *member, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var delay time.Duration
	if s := m.slot; s != nil {
		delay = s.buriedLocked(m, err)
	}
	p.stats.Draining--
	p.stats.Ended++
	switch {
	case m.cause.isDeath():
		err = m.endedLocked(err)
	case p.closing && err != nil:
		p.endErrs = append(p.endErrs, err)
	}
	if m.cause == CauseDied {
		p.stats.Died++
	}
	p.tellLocked(Event{Kind: Ended, Slot: m.number(), PID: m.w.PID(), Cause: m.cause, Err: err, Delay: delay})
	p.changedLocked()
}
