package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// busyWaits are the pauses before another try when the program's file is still open for
// writing somewhere: often in a child between fork and exec, for microseconds
// (golang/go#22315).
var busyWaits = []time.Duration{10 * time.Millisecond, 30 * time.Millisecond, 100 * time.Millisecond}

// Start starts a command as the leader of a process group of its own, and returns once the
// program itself is running. Every error is a *StartError, and leaves nothing behind. What
// Start returned ends with Done, and needs nothing but that the command ends.
func Start(c Command) (*Process, error) {
	if err := c.check(); err != nil {
		return nil, newStartError(c, err)
	}
	captures, writeEnds, err := c.openCaptures()
	if err != nil {
		return nil, newStartError(c, err)
	}
	started := time.Now()
	cmd, err := c.spawn(writeEnds)
	for _, w := range writeEnds {
		w.Close()
	}
	if err != nil {
		for _, capture := range captures {
			capture.pipe.Close()
		}
		return nil, newStartError(c, err)
	}
	p := newProcess(c.Args[0], cmd.Process, started, captures)
	p.run(c.OnLine)
	return p, nil
}

// errCommand marks what is wrong with a Command before anything is tried.
var errCommand = errors.New("bad command")

// check finds what the system would not, or would only tell in riddles.
func (c Command) check() error {
	if len(c.Args) == 0 || c.Args[0] == "" {
		return fmt.Errorf("%w: Args names no program", errCommand)
	}
	for _, s := range append(append([]string{c.Dir}, c.Args...), c.Env...) {
		if strings.ContainsRune(s, 0) {
			return fmt.Errorf("%w: NUL byte in %q: %w", errCommand, s, syscall.EINVAL)
		}
	}
	for _, f := range append([]*os.File{c.Stdin, c.Stdout}, c.Extra...) {
		// A closed file would silently become a closed descriptor in the child.
		if f == nil {
			continue
		}
		if _, err := f.Stat(); errors.Is(err, os.ErrClosed) {
			return fmt.Errorf("%w: %q is closed: %w", errCommand, f.Name(), os.ErrClosed)
		}
	}
	return nil
}

// openCaptures makes the pipes that the command prints into: what the host reads, and the
// ends that the command gets.
func (c Command) openCaptures() (captures []*capture, writeEnds map[Stream]*os.File, err error) {
	streams := []Stream{Stderr}
	if c.Stdout == nil {
		streams = []Stream{Stdout, Stderr}
	}
	writeEnds = make(map[Stream]*os.File, len(streams))
	for _, s := range streams {
		r, w, err := os.Pipe()
		if err != nil {
			for i, capture := range captures {
				capture.pipe.Close()
				writeEnds[streams[i]].Close()
			}
			return nil, nil, err
		}
		captures = append(captures, newCapture(s, r))
		writeEnds[s] = w
	}
	return captures, writeEnds, nil
}

// spawn starts the program, again if its file is busy.
func (c Command) spawn(writeEnds map[Stream]*os.File) (*exec.Cmd, error) {
	for try := 0; ; try++ {
		cmd := c.build(writeEnds)
		err := startInGroup(cmd)
		if err == nil || !errors.Is(err, syscall.ETXTBSY) || try == len(busyWaits) {
			return cmd, err
		}
		time.Sleep(busyWaits[try])
	}
}

// build translates c. Every file is an *os.File, so that exec.Cmd copies nothing and starts
// no goroutine, and its Wait is not needed.
func (c Command) build(writeEnds map[Stream]*os.File) *exec.Cmd {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Dir = c.Dir
	if len(c.Env) > 0 {
		cmd.Env = amend(cmd.Environ(), c.Env)
	}
	if c.Stdin != nil { // a nil *os.File in the interface would not be nil
		cmd.Stdin = c.Stdin
	}
	cmd.Stdout, cmd.Stderr = c.Stdout, writeEnds[Stderr]
	if c.Stdout == nil {
		cmd.Stdout = writeEnds[Stdout]
	}
	cmd.ExtraFiles = c.Extra
	return cmd
}
