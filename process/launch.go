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
// the caller's files, who may close his as soon as he waits no more.
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

// prepare opens all that the start of c needs.
func (c Command) prepare() (*launch, error) {
	l := &launch{
		command:   c,
		writeEnds: make(map[Stream]*os.File),
		started:   time.Now(),
		ended:     make(chan struct{}),
	}
	for _, open := range []func() error{l.copyFiles, l.openInput, l.openCaptures, l.openLeaf} {
		if err := open(); err != nil {
			l.closeAll()
			return nil, err
		}
	}
	return l, nil
}

// openInput makes the pipe through which the command gets its Input.
func (l *launch) openInput() error {
	if l.command.Input == nil {
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	l.command.Stdin, l.feed = r, newFeed(l.command.Input, w)
	l.childEnds = append(l.childEnds, r)
	return nil
}

// openLeaf makes the control group of the command.
func (l *launch) openLeaf() (err error) {
	l.leaf, err = l.command.Cgroup.open()
	return err
}

// copyFiles replaces the files of the command with copies.
func (l *launch) copyFiles() (err error) {
	duplicate := func(f *os.File) *os.File {
		if f == nil || err != nil {
			return nil
		}
		var own *os.File
		if own, err = duplicateFile(f); err != nil {
			return nil
		}
		l.childEnds = append(l.childEnds, own)
		return own
	}
	c := &l.command
	c.Stdin, c.Stdout = duplicate(c.Stdin), duplicate(c.Stdout)
	extra := make([]*os.File, len(c.Extra))
	for i, f := range c.Extra {
		extra[i] = duplicate(f)
	}
	c.Extra = extra
	return err
}

// openCaptures makes the pipes that the command prints into: what the host reads, and the
// ends that the command gets.
func (l *launch) openCaptures() error {
	streams := []Stream{Stderr}
	if l.command.Stdout == nil {
		streams = []Stream{Stdout, Stderr}
	}
	limits := newMeter(l.command.Limits)
	for _, s := range streams {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		each := newCapture(s, r)
		each.meter = limits
		l.captures = append(l.captures, each)
		l.writeEnds[s] = w
		l.childEnds = append(l.childEnds, w)
	}
	return nil
}

// closeChildEnds closes what only the child needs.
func (l *launch) closeChildEnds() {
	for _, c := range l.childEnds {
		c.Close()
	}
	l.leaf.closeDir()
}

// closeAll closes everything, and leaves nothing behind.
func (l *launch) closeAll() {
	l.closeChildEnds()
	for _, c := range l.captures {
		c.pipe.Close()
	}
	if l.feed != nil {
		l.feed.pipe.Close()
	}
	l.leaf.remove()
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
		for _, q := range p.queues {
			q.abandon()
		}
		p.run()
		p.Kill(err.Error())
		<-p.done
		return
	}
	p.run()
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

// touch looks at what the child will look up between fork and exec: its directory, and the
// beginning of its program. Where that hangs, it hangs here, and harms nobody else: in the
// child it would hold up the one thread that makes the starts, and with it Go's garbage
// collector and so the whole host. What is wrong with them, the start finds out.
func (c Command) touch() {
	checkDir(c.Dir)
	path := programPath(c)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return // to open a device can have effects, and to open a FIFO can hang
	}
	if f, err := os.Open(path); err == nil {
		f.Read(make([]byte, 1))
		f.Close()
	}
}
