package process

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// launch is a start that is under way, on a goroutine of its own: looking a program up and
// executing it can hang for as long as a network drive does not answer. It has copies of
// what the caller gave, who may close and change his own as soon as he waits no more.
type launch struct {
	command   Command // with the copies
	captures  []*capture
	queues    []*queue
	feed      *feed // nil without Input
	leaf      *leaf // nil without Cgroup
	writeEnds map[Stream]*os.File
	childEnds []io.Closer // to be closed when the child has them
	started   time.Time

	ended chan struct{} // closed when process and err are set

	mu      sync.Mutex
	givenUp bool // nobody waits any more
	process *Process
	err     error
}

// await makes the start, and waits for it until ctx ends.
func (l *launch) await(ctx context.Context) (*Process, error) {
	go l.run() // which outlives a wait that is given up, as nothing else can end it
	select {
	case <-l.ended:
	case <-ctx.Done():
		if l.giveUp() {
			return nil, newGivenUp(l.command, ctx)
		}
		<-l.ended // which is at once: the start has come to its end at the same time
	}
	if l.err != nil {
		return nil, l.err
	}
	return l.process, nil
}

// run makes the start. If nobody waits for it any more, it undoes it.
func (l *launch) run() {
	defer close(l.ended)
	l.command.touch()
	cmd, err := l.spawn()
	l.closeChildEnds()
	if err != nil {
		l.closeAll()
		err := newStartError(l.command, err)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = err
		return
	}
	p := newProcess(l.command, cmd.Process, l.started)
	p.captures, p.queues, p.feed, p.leaf = l.captures, l.queues, l.feed, l.leaf
	if err := l.settle(p); err != nil {
		p.discard(err.Error())
		return
	}
	p.run()
}

// discard ends a process that nobody wants. Nothing that the caller gave is used any more:
// he was told that nothing was started.
func (p *Process) discard(reason string) {
	for _, q := range p.queues {
		q.abandon()
	}
	if p.feed != nil {
		p.feed.pipe.Close()
		p.feed = nil
	}
	p.Kill(reason) // before run, which may find that the leader has exited, and keep the rest
	p.run()
	<-p.done
}

// settle hands p over to the one who waits for it. An error tells why nobody wants it.
func (l *launch) settle(p *Process) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.givenUp {
		return errors.New("nobody waited for its start any more")
	}
	if err := l.command.Registry.add(p); err != nil {
		l.err = newStartError(l.command, err)
		return err
	}
	p.registry = l.command.Registry
	l.process = p
	return nil
}

// giveUp ends the start, or reports false if that has ended.
func (l *launch) giveUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.process != nil || l.err != nil {
		return false
	}
	l.givenUp = true
	return true
}

// isGivenUp reports whether the start is wanted no more.
func (l *launch) isGivenUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.givenUp
}
