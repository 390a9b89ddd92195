//go:build unix

package process

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/wire"
)

func TestExitStatus(t *testing.T) {
	for _, code := range []int{0, 1, 3, 137, 255} {
		e := run(t, child(t, "exit", fmt.Sprint(code)))
		if e.State != Exited || e.Code != code || e.Signal != 0 || e.Reason != "" || e.HostSignal != 0 {
			t.Errorf("exit %d is reported as %+v", code, e)
		}
		if e.Success() != (code == 0) {
			t.Errorf("exit %d: success %t", code, e.Success())
		}
		if want := fmt.Sprintf("exit status %d after ", code); !strings.HasPrefix(e.String(), want) {
			t.Errorf("%q, want %q...", e, want)
		}
	}
}

func TestSignalOfStranger(t *testing.T) {
	for sig, want := range map[syscall.Signal]string{
		syscall.SIGKILL: "killed by SIGKILL (not sent by the host) after ",
		syscall.SIGSEGV: "killed by SIGSEGV after ",
		syscall.SIGPIPE: "killed by SIGPIPE after ",
	} {
		e := run(t, Command{Args: []string{"sh", "-c", fmt.Sprintf("kill -%d $$", sig)}})
		if e.State != Signaled || e.Code != -1 || e.Signal != sig || e.Success() || e.KilledByHost() {
			t.Errorf("%v is reported as %+v", sig, e)
		}
		if !strings.HasPrefix(e.String(), want) {
			t.Errorf("%q, want %q...", e, want)
		}
	}
}

func TestKillKeepsFirstReason(t *testing.T) {
	p := startReady(t, "deaf")
	p.Terminate("memory over the limit")
	p.Kill("no pong for 60s")
	e := end(t, p)
	if e.State != Signaled || e.Code != -1 || e.Signal != syscall.SIGKILL || !e.KilledByHost() {
		t.Errorf("%+v", e)
	}
	if want := "killed by SIGKILL (memory over the limit) after "; !strings.HasPrefix(e.String(), want) {
		t.Errorf("%q, want %q...", e, want)
	}
}

// A stranger's SIGKILL must not be taken for ours, though we did send something.
func TestStrangerKillsAfterOurTerm(t *testing.T) {
	p := startReady(t, "deaf")
	p.Terminate("shutdown")
	syscall.Kill(p.PID(), syscall.SIGKILL)
	e := end(t, p)
	if e.KilledByHost() || e.HostSignal != syscall.SIGTERM {
		t.Errorf("%+v", e)
	}
	if want := "killed by SIGKILL (the host sent SIGTERM: shutdown) after "; !strings.HasPrefix(e.String(), want) {
		t.Errorf("%q, want %q...", e, want)
	}
}

func TestNothingIsSignalledAfterTheEnd(t *testing.T) {
	p := start(t, Command{Args: []string{"true"}})
	e := end(t, p)
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Signal after the end: %v", err)
	}
	if err := p.Dump(syscall.SIGQUIT, "late"); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Dump after the end: %v", err)
	}
	p.Kill("late")
	p.Terminate("late")
	stop(t, p, Ladder{}, "late")
	if e != p.Exit() || e.Reason != "" || e.HostSignal != 0 {
		t.Errorf("the report changed: %+v", e)
	}
}

func TestExitIsNilBeforeDone(t *testing.T) {
	p := startReady(t, "wait")
	if e := p.Exit(); e != nil {
		t.Errorf("running, but %v", e)
	}
}

func TestUsage(t *testing.T) {
	begin := time.Now()
	e := run(t, Command{Args: []string{"sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"}})
	if e.UserTime <= 0 || e.Duration <= 0 || e.Duration > time.Since(begin) || e.Started.Before(begin) {
		t.Errorf("%+v", e)
	}
	if e.MaxRSS < 0 {
		t.Errorf("MaxRSS %d", e.MaxRSS)
	}
}

func TestDump(t *testing.T) {
	p := startReady(t, "wait")
	if err := p.Dump(syscall.SIGQUIT, "no pong for 60s"); err != nil {
		t.Fatal(err)
	}
	e := end(t, p)
	if e.Dump == nil || !strings.Contains(string(e.Dump.Head), "SIGQUIT: quit") {
		t.Fatalf("dump %+v", e.Dump)
	}
	if want := "exit status 2 (the host sent SIGQUIT: no pong for 60s) after "; !strings.HasPrefix(e.String(), want) {
		t.Errorf("%q, want %q...", e, want)
	}
}

func TestDumpReachesStopped(t *testing.T) {
	p := startReady(t, "wait")
	syscall.Kill(p.PID(), syscall.SIGSTOP)
	p.Dump(syscall.SIGQUIT, "no pong")
	if e := end(t, p); e.Dump == nil || e.Code != 2 {
		t.Errorf("%v, dump %+v", e, e.Dump)
	}
}

// The dump holds what comes after it was asked for, and both ends of it.
func TestDumpHasHeadAndTail(t *testing.T) {
	p, h := startHeard(t, Command{Args: []string{"bash", "-c", `
		echo before >&2
		trap 'echo head >&2; for i in {1..20000}; do echo "goroutine $i" >&2; done; echo tail >&2; exit 0' QUIT
		echo ready
		while :; do sleep 0.01; done`}})
	h.await(t, Stdout, "ready")
	h.await(t, Stderr, "before")
	p.Dump(syscall.SIGQUIT, "stuck")
	e := end(t, p)
	if e.Dump == nil {
		t.Fatalf("no dump: %v", e)
	}
	head, tail := string(e.Dump.Head), string(e.Dump.Tail)
	if !strings.HasPrefix(head, "head\ngoroutine 1\n") || !strings.HasSuffix(tail, "goroutine 20000\ntail\n") {
		t.Errorf("head %.20q, tail %q", head, tail[max(0, len(tail)-30):])
	}
	if len(head) != dumpSize || len(tail) != dumpSize || e.Dump.Cut <= 0 {
		t.Errorf("head %d, tail %d, cut %d", len(head), len(tail), e.Dump.Cut)
	}
}

func TestExitError(t *testing.T) {
	e := run(t, child(t, "exit", "3", "out of \x1b[31mcheese"))
	err := fmt.Errorf("call: %w", &ExitError{Name: "mouse", PID: 12, Exit: e, Sent: true})
	if got, want := err.Error(), `call: mouse (pid 12): exit status 3 after `; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q...", got, want)
	}
	if want := `; last words: "out of \x1b[31mcheese"`; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%q, want ...%q", err, want)
	}
	if errors.Is(err, wire.ErrNotSent) {
		t.Error("a request that was sent is ErrNotSent")
	}
	if err := error(&ExitError{Name: "mouse", Exit: e}); !errors.Is(err, wire.ErrNotSent) {
		t.Error("a request that was not sent is not ErrNotSent")
	}
}

func TestLastWordsOfPanic(t *testing.T) {
	e := run(t, child(t, "crash"))
	if words := e.LastWords(); e.Code != 2 || !strings.HasPrefix(words, "panic: out of cheese\ngoroutine 1") {
		t.Errorf("%v, last words %q", e, words)
	}
}
