package process

import (
	"os"
	"slices"
	"time"
)

// prepare opens all that the start of c needs.
func (c Command) prepare() (*launch, error) {
	c.Args, c.Env, c.Rlimits = slices.Clone(c.Args), slices.Clone(c.Env), slices.Clone(c.Rlimits)
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
	var streams []Stream
	if l.command.Stdout == nil {
		streams = append(streams, Stdout)
	}
	if l.command.Streams == TwoStreams {
		streams = append(streams, Stderr)
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
