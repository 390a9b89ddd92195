package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kinwire/kinwire/internal/deadline"
)

// The steps of a [Ladder] where it does not say.
const (
	DefaultTerm = 3 * time.Second
	DefaultKill = time.Second
)

// ErrStuck means that a process has not ended although it was sent SIGKILL: it hangs in a
// system call that nothing interrupts, such as a read from a dead network drive. Its slot
// must not be used again before Done.
var ErrStuck = errors.New("still there after SIGKILL")

// Ladder is how long Stop waits on each step.
type Ladder struct {
	// Term is how long the leader may take to exit after SIGTERM. Zero: what Command.Stop
	// says, else 3 s. Negative: there is no SIGTERM, SIGKILL comes at once.
	Term time.Duration
	// Kill is how long the leader may take to exit after SIGKILL. Zero: what Command.Stop
	// says, else 1 s. Negative: as long as it takes.
	Kill time.Duration
}

// Stop brings the process to its end: SIGTERM and SIGCONT to the group, at most Term for
// the leader to exit, SIGKILL to the group, at most Kill for the leader to exit, and then
// the end of the output. It returns nil after Done, and at once if that was before. A
// cancelled ctx means: SIGKILL now. The exit report keeps the reason, unless one was given
// before.
//
// The leader's exit ends the ladder, whoever else is left in the group: as after any exit,
// those are killed at once. A leader that wants them to end well waits for them.
//
// It returns an error that is ErrStuck if the leader is still there, within Term + Kill;
// else it returns within Term + Kill + 2 s, the last of which only a descendant that left
// the group, or a slow OnLine, can cost. A negative Command.Drain can cost more, and time in
// which the host did not run, such as while it was stopped, does not count.
//
// Several Stops may run at a time: each keeps its own times. Called from OnLine, it costs
// the 1 s that OnLine is waited for.
func (p *Process) Stop(ctx context.Context, l Ladder, reason string) error {
	if err := p.descend(ctx, l, reason); err != nil {
		return err
	}
	<-p.done
	return nil
}

// descend goes down the ladder until the leader has exited.
func (p *Process) descend(ctx context.Context, l Ladder, reason string) error {
	term := cmp.Or(l.Term, p.ladder.Term, DefaultTerm)
	kill := cmp.Or(l.Kill, p.ladder.Kill, DefaultKill)
	if term > 0 && ctx.Err() == nil {
		p.Terminate(reason)
		p.awaitExited(ctx, term)
	}
	p.Kill(reason)
	if !p.awaitExited(context.Background(), kill) {
		return fmt.Errorf("%s (pid %d): %w %v ago", p.name, p.PID(), ErrStuck, kill)
	}
	return nil
}

// awaitExited waits until the leader has exited, for d, or for ever if d is negative, and
// reports whether it has.
func (p *Process) awaitExited(ctx context.Context, d time.Duration) bool {
	end := deadline.New(d)
	for {
		select {
		case <-p.exited:
		case <-end.Fired():
			if !end.Passed() {
				continue
			}
		case <-ctx.Done():
		}
		return deadline.Happened(p.exited) // select picks at random if it happens together with the others
	}
}
