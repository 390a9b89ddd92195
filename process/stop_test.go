//go:build unix

package process

import (
	"context"
	"errors"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestStopLetsThePoliteEnd(t *testing.T) {
	p := startReady(t, "polite")
	stop(t, p, Ladder{Term: patience}, "shutdown")
	if e := p.Exit(); !e.Success() || e.Reason != "shutdown" || e.HostSignal != syscall.SIGTERM {
		t.Errorf("%v", e)
	}
}

func TestStopKillsTheDeaf(t *testing.T) {
	p := startReady(t, "deaf")
	stop(t, p, Ladder{Term: 50 * time.Millisecond}, "shutdown")
	if e := p.Exit(); e.Signal != syscall.SIGKILL || e.Reason != "shutdown" {
		t.Errorf("%v", e)
	}
}

func TestStopWakesTheStopped(t *testing.T) {
	p := startReady(t, "stopped")
	eventually(t, "it stops itself", func() bool { s := state(p.PID()); return s == "T" })
	stop(t, p, Ladder{Term: patience}, "shutdown")
	if e := p.Exit(); !e.Success() {
		t.Errorf("%v", e)
	}
}

func TestStopKillsTheStoppedAndDeaf(t *testing.T) {
	p := startReady(t, "deaf")
	syscall.Kill(p.PID(), syscall.SIGSTOP)
	stop(t, p, Ladder{Term: -1}, "shutdown")
	if e := p.Exit(); e.Signal != syscall.SIGKILL {
		t.Errorf("%v", e)
	}
}

func TestCancelledStopKillsNow(t *testing.T) {
	p := startReady(t, "deaf")
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := p.Stop(ctx, Ladder{Term: time.Hour}, "shutdown"); err != nil {
		t.Fatal(err)
	}
	if e := p.Exit(); e.Signal != syscall.SIGKILL {
		t.Errorf("%v", e)
	}
}

func TestStopWithoutTerm(t *testing.T) {
	p := startReady(t, "polite")
	stop(t, p, Ladder{Term: -1, Kill: -1}, "now")
	if e := p.Exit(); e.Signal != syscall.SIGKILL || e.Reason != "now" {
		t.Errorf("%v", e)
	}
}

// Many stop at once, and the command is asked once: "polite" exits with 9 at a second
// SIGTERM.
func TestStopsAtOnce(t *testing.T) {
	p := startReady(t, "polite")
	var stops sync.WaitGroup
	for range 10 {
		stops.Go(func() { stop(t, p, Ladder{Term: patience}, "shutdown") })
	}
	stops.Wait()
	if e := p.Exit(); !e.Success() {
		t.Errorf("%v", e)
	}
}

func TestStopFromOnLine(t *testing.T) {
	var p *Process
	known := make(chan struct{})
	result := make(chan error, 1)
	c := child(t, "wait")
	c.OnLine = func(Line) {
		<-known
		result <- p.Stop(context.Background(), Ladder{}, "heard enough")
	}
	p = start(t, c)
	close(known)
	if e := end(t, p); e.Reason != "heard enough" {
		t.Errorf("%v", e)
	}
	select {
	case err := <-result:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("Stop hangs")
	}
}

// What SIGKILL does not end is told in time. Here nobody notices the end.
func TestStopTellsWhatIsStuck(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := newProcess(Command{Args: cmd.Args}, cmd.Process, time.Now())
	err := p.Stop(context.Background(), Ladder{Term: time.Millisecond, Kill: time.Millisecond}, "shutdown")
	if !errors.Is(err, ErrStuck) || p.Exit() != nil {
		t.Errorf("%v", err)
	}
	cmd.Wait()
}

// Everything is called while the command ends by itself; the race detector watches.
func TestEverythingAtOnce(t *testing.T) {
	for range 20 {
		p := start(t, Command{Args: []string{"sh", "-c", "echo hello"}, OnLine: func(Line) {}})
		var calls sync.WaitGroup
		for _, call := range []func(){
			func() { p.Kill("kill") },
			func() { p.Terminate("terminate") },
			func() { p.Signal(syscall.SIGCONT) },
			func() { p.Dump(syscall.SIGQUIT, "dump") },
			func() { p.Stop(context.Background(), Ladder{}, "stop") },
			func() { <-p.Exited(); p.Kill("late"); p.Signal(0) },
			func() { <-p.Done(); p.Kill("too late") },
		} {
			calls.Go(call)
		}
		calls.Wait()
		if e := end(t, p); e.State == Unknown || e.Reason == "late" || e.Reason == "too late" {
			t.Errorf("%v", e)
		}
	}
}
