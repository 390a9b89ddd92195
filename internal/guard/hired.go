//go:build unix

package guard

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/internal/role"
)

const (
	// takeTime is how long a guardian that is there may let the pipe be full.
	takeTime = time.Second
	// wakeTime is how often one that is not there yet is woken.
	wakeTime = 100 * time.Millisecond
)

// greetTime is how long a guardian may take until it is there. It is a variable so that a
// test can have another one.
var greetTime = 10 * time.Second

// guardian is one as the host sees it.
type guardian struct {
	begun   time.Time
	process *os.Process // set by start

	// What belongs to Keeper.mu:
	there   bool          // it has greeted
	pipe    *os.File      // the host's end: what is written is what the guardian knows
	backlog []byte        // what the pipe had no room for
	taken   chan struct{} // closed once the backlog is written, or of no use; nil: there is none

	answer *os.File   // the host's end of what the guardian answers to
	theirs []*os.File // the guardian's descriptors, as package role expects them; start closes them
}

// newGuardian makes one that can be told things before it is started.
func newGuardian() (*guardian, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	records, pipe, err := os.Pipe()
	if err != nil {
		null.Close()
		return nil, err
	}
	answer, answers, err := os.Pipe()
	if err != nil {
		null.Close()
		records.Close()
		pipe.Close()
		return nil, err
	}
	return &guardian{
		begun:  time.Now(),
		pipe:   pipe,
		answer: answer,
		theirs: []*os.File{null, null, null, records, answers},
	}, nil
}

// start starts the process.
func (g *guardian) start(host uint64) error {
	defer func() {
		for _, f := range g.theirs {
			f.Close() // /dev/null more than once, which does no harm
		}
	}()
	path, err := program()
	if err != nil {
		return err
	}
	argv := []string{role.Guardian, strconv.Itoa(os.Getpid())} // the pid is for whoever reads it in ps
	g.process, err = os.StartProcess(path, argv, &os.ProcAttr{
		Dir:   "/",
		Env:   environ(host),
		Files: g.theirs,
		Sys:   apart(),
	})
	return err
}

// environ returns the environment of the guardian: the host's, as the system may need some of
// it to load the program. It is no part of what a host above this one has started, or else
// it would be killed just when it is needed. And it should need little memory.
func environ(host uint64) []string {
	var env []string
	for _, entry := range os.Environ() {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case role.MarkVar, "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GOTRACEBACK":
		default:
			env = append(env, entry)
		}
	}
	return append(env, role.Env(role.Guardian, host),
		"GOMAXPROCS=1", "GOGC=10", "GOMEMLIMIT=8MiB", "GOTRACEBACK=none")
}

// errKilled says that a guardian was killed before it was there, which tells nothing about
// whether another one would be there.
var errKilled = errors.New("the guardian was killed before it was there")

// awaitGreeting waits until the guardian is there. The error says why it is not; then it
// is dead. The pipe stays open: what a host has open should not change by itself.
func (g *guardian) awaitGreeting() error {
	limit := time.Now().Add(greetTime)
	for {
		g.answer.SetReadDeadline(time.Now().Add(wakeTime))
		n, err := g.answer.Read(make([]byte, 1))
		switch {
		case n == 1:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(limit):
			g.process.Signal(syscall.SIGCONT) // somebody may have stopped it
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			g.process.Kill()
			g.process.Wait()
			return fmt.Errorf("the guardian was not there after %v", greetTime)
		}
		// It has closed the pipe: it ends, or is none.
		end := time.AfterFunc(takeTime, func() { g.process.Kill() })
		state, err := g.process.Wait()
		if end.Stop() && err == nil && wasSent(state.Sys().(syscall.WaitStatus).Signal()) {
			return errKilled
		}
		return fmt.Errorf("the guardian ended before it was there: %v", state)
	}
}

// wasSent tells signals that somebody sends from those that a crash raises.
func wasSent(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return true
	}
	return false
}

// awaitEnd waits for the guardian's end, and returns how it ended. Until then it sees to
// that it runs.
func (g *guardian) awaitEnd() error {
	keepRunning(g.process)
	state, err := g.process.Wait()
	if err != nil {
		return fmt.Errorf("the guardian has ended: %w", err)
	}
	return fmt.Errorf("the guardian has ended: %v", state)
}

// close closes the host's ends.
func (g *guardian) close() {
	g.pipe.Close()
	g.answer.Close()
}
