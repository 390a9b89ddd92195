package process

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// startBelowShell starts a shell that traps SIGQUIT, and below it one that does so as well,
// and returns the pid of the latter.
func startBelowShell(t *testing.T) (p *Process, h *heard, below int) {
	t.Helper()
	p, h = startHeard(t, Command{Args: []string{"bash", "-c", `
		trap 'echo the leader was asked >&2' QUIT
		bash -c 'trap "echo the member was asked >&2; exit 5" QUIT; echo below $$; while :; do sleep 0.01; done'
		echo the member is gone >&2
		while :; do sleep 0.01; done`}})
	below, err := strconv.Atoi(h.await(t, Stdout, "below "))
	if err != nil {
		t.Fatal(err)
	}
	return p, h, below
}

func TestDumpMember(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		p, h, below := startBelowShell(t)
		if stopped {
			syscall.Kill(below, syscall.SIGSTOP)
		}
		if err := p.DumpMember(below, syscall.SIGQUIT, "stuck"); err != nil {
			t.Fatal(err)
		}
		h.await(t, Stderr, "the member is gone")
		p.Kill("enough")
		e := end(t, p)
		if dump := string(e.Dump.Head); !strings.Contains(dump, "the member was asked") || strings.Contains(dump, "leader") {
			t.Errorf("stopped %v: %q", stopped, dump)
		}
		if e.Reason != "stuck" || e.HostSignal != syscall.SIGKILL {
			t.Errorf("%v", e)
		}
	}
}

// Whoever is not of the group is not signalled, and the leader is asked instead.
func TestDumpStranger(t *testing.T) {
	stranger := exec.Command("sleep", "1000")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer stranger.Wait()
	defer stranger.Process.Kill()
	gone := exec.Command("true")
	gone.Run()
	for _, pid := range []int{stranger.Process.Pid, gone.Process.Pid, os.Getpid(), 1, 0, -1, -stranger.Process.Pid, 1 << 30} {
		p := startReady(t, "wait")
		if err := p.DumpMember(pid, syscall.SIGQUIT, "stuck"); err != nil {
			t.Fatal(err)
		}
		if e := end(t, p); e.Dump == nil || e.Code != 2 {
			t.Errorf("%d: %v", pid, e)
		}
	}
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger: %v", err)
	}
}

// A member that has left the group is a stranger.
func TestDumpOfOneWhoLeft(t *testing.T) {
	p, h := startHeard(t, Command{Args: []string{"bash", "-c", `
		setsid bash -c 'trap "echo the escaped was asked >&2" QUIT; echo below $$; sleep 1; exit 0' &
		trap 'echo the leader was asked >&2; exit 0' QUIT
		while :; do sleep 0.01; done`}})
	below, err := strconv.Atoi(h.await(t, Stdout, "below "))
	if err != nil {
		t.Fatal(err)
	}
	p.DumpMember(below, syscall.SIGQUIT, "stuck")
	if e := end(t, p); !strings.Contains(string(e.Dump.Head), "the leader was asked") || strings.Contains(string(e.Stderr.Tail), "escaped") {
		t.Errorf("%q", e.Stderr.Tail)
	}
}
