package process

import (
	"context"
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
//
// The end of ctx ends the waiting for the start, even if that hangs in a file system that
// does not answer: a program that starts after all is killed at once. Until then the start
// keeps what it has opened. After the start, ctx is of no account.
func Start(ctx context.Context, c Command) (*Process, error) {
	return c.start(ctx, c.connect)
}

// start is Start with the output connected by connect.
func (c Command) start(ctx context.Context, connect func([]*capture) []*queue) (*Process, error) {
	if ctx.Err() != nil {
		return nil, newGivenUp(c, ctx)
	}
	if err := c.check(); err != nil {
		return nil, newStartError(c, err)
	}
	l, err := c.prepare()
	if err != nil {
		return nil, newStartError(c, err)
	}
	l.queues = connect(l.captures)
	return l.await(ctx)
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
	switch {
	case c.Stdin != nil && c.Input != nil:
		return fmt.Errorf("%w: both Stdin and Input are set", errCommand)
	case c.OnLine != nil && c.OnChunk != nil:
		return fmt.Errorf("%w: both OnLine and OnChunk are set", errCommand)
	case c.Streams == OneStream && c.Stdout != nil:
		return fmt.Errorf("%w: OneStream is captured, so that Stdout can't be set", errCommand)
	case c.Rest == KeepRest && c.Cgroup.Dir != "":
		return fmt.Errorf("%w: KeepRest would leave a Cgroup that nobody removes", errCommand)
	}
	for _, f := range append([]*os.File{c.Stdin, c.Stdout}, c.Extra...) {
		if f == nil {
			continue
		}
		// A closed file would silently become a closed descriptor in the child.
		if f.Fd() == ^uintptr(0) {
			return fmt.Errorf("%w: %q is closed: %w", errCommand, f.Name(), os.ErrClosed)
		}
	}
	return nil
}

// spawn starts the program, again if its file is busy.
func (l *launch) spawn() (*exec.Cmd, error) {
	for try := 0; ; try++ {
		if l.isGivenUp() {
			return nil, context.Canceled
		}
		cmd := l.build()
		err := l.command.startGuarded(cmd)
		if err == nil || !errors.Is(err, syscall.ETXTBSY) || try == len(busyWaits) {
			return cmd, err
		}
		time.Sleep(busyWaits[try])
	}
}

// build translates the command. Every file is an *os.File, so that exec.Cmd copies nothing
// and starts no goroutine, and its Wait is not needed.
func (l *launch) build() *exec.Cmd {
	c := l.command
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Dir = c.Dir
	switch {
	case c.EnvBase == EmptyEnv:
		cmd.Env = amend([]string{}, c.Env)
	case len(c.Env) > 0:
		cmd.Env = amend(cmd.Environ(), c.Env)
	}
	if c.Stdin != nil { // a nil *os.File in the interface would not be nil
		cmd.Stdin = c.Stdin
	}
	stdout, stderr := c.Stdout, l.writeEnds[Stderr]
	if stdout == nil {
		stdout = l.writeEnds[Stdout]
	}
	if c.Streams == OneStream {
		stderr = stdout
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.ExtraFiles = c.Extra
	cmd.SysProcAttr = c.attributes()
	l.leaf.hold(cmd.SysProcAttr)
	return cmd
}
