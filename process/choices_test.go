//go:build unix

package process

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// An empty environment holds what is set, and nothing else but the mark of its start.
func TestEmptyEnv(t *testing.T) {
	t.Setenv("KINWIRE_TEST_SECRET", "1")
	for _, c := range []struct {
		env  []string
		want string
	}{
		{nil, ""},
		{[]string{"A=1", "B=2", "A=3", "B"}, "A=3\n"},
	} {
		e, err := Run(context.Background(), Command{Args: []string{"/usr/bin/env"}, EnvBase: EmptyEnv, Env: c.env})
		got := regexp.MustCompile("(?m)^KINWIRE_GUARD=.*\n").ReplaceAllString(string(e.Stdout.Tail), "")
		if err != nil || got != c.want {
			t.Errorf("%v: %v, %q, want %q", c.env, err, got, c.want)
		}
	}
}

func TestScope(t *testing.T) {
	for scope, leads := range map[Scope]bool{OwnGroup: false, OwnSession: true} {
		c := child(t, "wait")
		c.Scope = scope
		p, h := startHeard(t, c)
		h.await(t, Stdout, "ready")
		group, err := unix.Getpgid(p.PID())
		session, sessionErr := unix.Getsid(p.PID())
		if err != nil || sessionErr != nil || group != p.PID() || (session == p.PID()) != leads {
			t.Errorf("scope %d: pid %d, group %d %v, session %d %v", scope, p.PID(), group, err, session, sessionErr)
		}
		stop(t, p, Ladder{}, "shutdown")
	}
}

// In a session too, what is left of the group is killed after a normal exit.
func TestSessionIsKilled(t *testing.T) {
	c := child(t, "parent", "7")
	c.Scope = OwnSession
	p, h := startHeard(t, c)
	if e := end(t, p); e.Code != 7 {
		t.Error(e)
	}
	grandchild := number(t, h.await(t, Stderr, "pid "))
	eventually(t, "the grandchild is gone", func() bool { return isGone(grandchild) })
}

// The leader exits at SIGTERM, and the rest of the group ignores it.
func TestStopKillsTheDeafRest(t *testing.T) {
	p, h := startHeard(t, Command{Args: []string{"bash", "-c", `
		(trap '' TERM; while :; do sleep 0.05; done) & echo pid $!
		trap 'exit 3' TERM
		echo ready; while :; do sleep 0.05; done`}})
	h.await(t, Stdout, "ready")
	rest := number(t, h.await(t, Stdout, "pid "))
	stop(t, p, Ladder{Term: patience}, "shutdown")
	if e := p.Exit(); e.Code != 3 {
		t.Error(e)
	}
	eventually(t, "the rest is gone", func() bool { return isGone(rest) })
}

// leaveWriting makes a script leave something behind that writes to a file, and then goes on.
func leaveWriting(t *testing.T, then string) Command {
	t.Helper()
	file := t.TempDir() + "/out"
	script := "sh -c 'while :; do echo alive; sleep 0.02; done' >" + file + " 2>&1 & echo pid $!; " + then
	return Command{Args: []string{"sh", "-c", script}, Rest: KeepRest}
}

func TestKeepRest(t *testing.T) {
	p, h := startHeard(t, leaveWriting(t, "exit 3"))
	if e := end(t, p); e.Code != 3 {
		t.Error(e)
	}
	rest := number(t, h.await(t, Stdout, "pid "))
	defer syscall.Kill(rest, syscall.SIGKILL)
	time.Sleep(100 * time.Millisecond)
	if isGone(rest) {
		t.Error("the rest was killed")
	}
}

// The rest is kept only after an end that the host did not want.
func TestRestIsNotKeptByStop(t *testing.T) {
	for name, stops := range map[string]func(*Process){
		"Stop": func(p *Process) { stop(t, p, Ladder{}, "shutdown") },
		"Kill": func(p *Process) { p.Kill("shutdown") },
		"Dump": func(p *Process) { p.Dump(syscall.SIGQUIT, "stuck") },
	} {
		t.Run(name, func(t *testing.T) {
			p, h := startHeard(t, leaveWriting(t, "trap 'exit 0' TERM QUIT; while :; do sleep 0.05; done"))
			rest := number(t, h.await(t, Stdout, "pid "))
			stops(p)
			end(t, p)
			eventually(t, "the rest is gone", func() bool { return isGone(rest) })
		})
	}
}

// Once the leader has exited, it is too late to want the end: what was to be kept stays.
func TestRestIsKeptByALateKill(t *testing.T) {
	p := startReady(t, "deaf")
	p.finish() // as if it had exited, and nobody had looked at its group yet
	p.Kill("late")
	p.Terminate("late")
	if err := p.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	time.Sleep(100 * time.Millisecond)
	if isGone(p.PID()) {
		t.Error("the group was killed")
	}
	syscall.Kill(p.PID(), syscall.SIGKILL)
	if e := end(t, p); e.Reason != "" || e.KilledByHost() {
		t.Error(e)
	}
}

// A program with a name of its own is called by that.
func TestName(t *testing.T) {
	for want, c := range map[string]Command{
		"sh":   {Args: []string{"/bin/sh", "-c", "exit"}},
		"mine": {Args: []string{"/bin/sh", "-c", "exit"}, Name: "mine"},
	} {
		if got := start(t, c).Name(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Input, output and errors can each be a file.
func TestFiles(t *testing.T) {
	in := write(t, 0o644, "hello\n")
	out := must(os.Create(t.TempDir() + "/out"))
	defer out.Close()
	stdin := must(os.Open(in))
	defer stdin.Close()
	e, err := Run(context.Background(), Command{Args: []string{"tr", "a-z", "A-Z"}, Stdin: stdin, Stdout: out})
	if got := string(must(os.ReadFile(out.Name()))); err != nil || !e.Success() || strings.TrimSpace(got) != "HELLO" {
		t.Errorf("%v, %v, %q", err, e, got)
	}
}
