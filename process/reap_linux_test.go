package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWithoutPidfd(t *testing.T) {
	defer func(open func(int, int) (int, error)) { openPidfd = open }(openPidfd)
	openPidfd = func(int, int) (int, error) { return -1, unix.ENOSYS }
	if e := run(t, child(t, "exit", "3")); e.Code != 3 {
		t.Error(e)
	}
	p := startReady(t, "deaf")
	p.Kill("enough")
	if e := end(t, p); !e.KilledByHost() {
		t.Error(e)
	}
	p, h := startHeard(t, child(t, "parent", "7"))
	if e := end(t, p); e.Code != 7 {
		t.Error(e)
	}
	grandchild := number(t, h.await(t, Stderr, "pid "))
	eventually(t, "the grandchild is gone", func() bool { return isGone(grandchild) })
}

// Waiting for the exit reaps nothing, so that the dead leader keeps its pid.
func TestWaitingDoesNotReap(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := awaitExit(cmd.Process.Pid); err != nil {
			t.Fatal(err)
		}
		if s := state(cmd.Process.Pid); s != "Z" {
			t.Fatalf("state %q", s)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if err := awaitExit(cmd.Process.Pid); err == nil {
		t.Error("a child that was reaped is not reported as lost")
	}
}

func TestCarelessHost(t *testing.T) {
	e := run(t, child(t, "careless"))
	if got := string(e.Stdout.Tail); got != "unknown -1 false\n" {
		t.Errorf("%q; %v", got, e)
	}
}

func TestPidOfStranger(t *testing.T) {
	cmd := exec.Command(must(os.Executable()))
	cmd.Env = append(os.Environ(), childVar+"=reuse", "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) || strings.HasPrefix(string(out), "skip") {
		t.Skipf("this test needs the right to make a pid namespace: %v %s", err, out)
	}
	if want := "signal: os: process already finished\nstranger: signal: user defined signal 1\n"; string(out) != want || err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// The kernel counts the host's own memory as that of a child until exec.
func TestMaxRSS(t *testing.T) {
	if e := run(t, Command{Args: []string{"true"}}); e.MaxRSS != 0 {
		t.Errorf("true used %d bytes of memory, the host %d", e.MaxRSS, hostPeak())
	}
	size := hostPeak() + 64<<20
	if e := run(t, child(t, "hungry", fmt.Sprint(size))); e.MaxRSS < size {
		t.Errorf("MaxRSS %d, want at least %d", e.MaxRSS, size)
	}
}
