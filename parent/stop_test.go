//go:build unix

package parent

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// How workers are brought to their end that do not go by themselves.

func TestShutdownOfBusyWorker(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		for _, test := range []struct{ program, method, want string }{
			{"worker", "wait", ""},
			{"worker", "stuck", ""},
			{"worker", "spin", ""},
			{"worker", "flood", ""},
			{"deaf", "stuck", ""},
			{"nest", "wait", ""},
		} {
			t.Run(test.program+" "+test.method, func(t *testing.T) {
				t.Parallel()
				spec := program(test.program)
				spec.Transport, spec.Stop = link, Stop{Grace: 50 * time.Millisecond}
				w := start(t, spec)
				x, err := w.Open(t.Context(), test.method, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := w.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
				for err == nil {
					_, err = x.Recv()
				}
				var died *process.ExitError
				if !isCode(err, wire.CodeCanceled) && !errors.As(err, &died) { // death, if no credit was left to tell
					t.Errorf("the exchange: %v", err)
				}
			})
		}
	})
}

// A worker that has said goodbye sees no end of file before it is gone.
func TestLinkOutlivesTheGoodbye(t *testing.T) {
	w := start(t, program("reads on"))
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// The whole ladder: a worker that answers nothing, ignores SIGTERM, or is stopped.
func TestLadder(t *testing.T) {
	quick := Stop{Grace: 50 * time.Millisecond, Term: 100 * time.Millisecond, Kill: 10 * time.Second}
	for _, test := range []struct {
		program string
		stopped bool
		stop    Stop
		want    string
	}{
		{"silent", false, quick, "killed by SIGTERM (it had not shut down"},
		{"silent", true, quick, "killed by SIGTERM (it had not shut down"},
		{"silent", false, Stop{Grace: -1, Term: -1}, "killed by SIGKILL (it had not shut down after a grace of 0s)"},
		{"silent", true, Stop{Grace: -1, Term: -1, Kill: -1}, "killed by SIGKILL"},
		{"liar", false, quick, "killed by SIGKILL (it had not shut down"},
		{"liar", true, quick, "killed by SIGKILL (it had not shut down"},
	} {
		t.Run(test.program, func(t *testing.T) {
			t.Parallel()
			spec := program(test.program)
			spec.Stop = test.stop
			w := start(t, spec)
			if test.stopped {
				syscall.Kill(w.PID(), syscall.SIGSTOP)
			}
			err := w.Shutdown(t.Context())
			var died *process.ExitError
			if !errors.As(err, &died) || !strings.HasPrefix(died.Exit.String(), test.want) {
				t.Errorf("%v; want %q", err, test.want)
			}
		})
	}
}

// Shutdown with a context that has ended means now, and the group goes as well.
func TestShutdownNow(t *testing.T) {
	w := start(t, program("worker"))
	var pid int
	if err := w.Call(t.Context(), "spawn", nil, &pid); err != nil {
		t.Fatal(err)
	}
	x, err := w.Open(t.Context(), "stuck", nil)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Shutdown(cancelled(t))
	var died *process.ExitError
	if !errors.As(err, &died) || !died.Exit.KilledByHost() || died.Exit.Signal != syscall.SIGKILL || !strings.Contains(err.Error(), "cut short: context canceled") {
		t.Errorf("%v", err)
	}
	if _, err := x.Recv(); !errors.As(err, &died) || !died.Sent {
		t.Errorf("%v", err)
	}
	if runtime.GOOS == "linux" {
		eventually(t, "what it started is gone", func() bool { return isGone(pid) })
	}
	if err := w.Shutdown(context.Background()); err == nil {
		t.Error("a Shutdown after that: nil")
	}
}

// An outsider's SIGTERM ends a worker in order, and SIGINT is nothing to it.
func TestSignalsFromOutside(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		w := start(t, spec)
		syscall.Kill(w.PID(), syscall.SIGINT)
		if err := w.Call(t.Context(), "", 1, nil); err != nil {
			t.Error(err)
		}
		syscall.Kill(w.PID(), syscall.SIGTERM)
		await(t, "the end", w.Done())
		if err := w.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A worker that answers no ping says what it is doing before it is killed.
func TestUnresponsiveWorkers(t *testing.T) {
	for _, test := range []struct {
		program, dump, want string
		stop                bool
	}{
		{"worker", "goroutine ", "exit status 2 (the host sent SIGQUIT: no answer to a ping for ", true},
		// It is this binary, for which Go makes a dump of SIGABRT as well.
		{"silent", "SIGABRT", "exit status 2 (the host sent SIGABRT: no answer to a ping for ", false},
		{"python", "Fatal Python error: Aborted", "exit status 134 (the host sent SIGABRT: no answer", false},
	} {
		t.Run(test.program, func(t *testing.T) {
			t.Parallel()
			spec := program(test.program)
			spec.Health = Health{Interval: 20 * time.Millisecond, Timeout: time.Second}
			w := start(t, spec)
			if test.stop {
				syscall.Kill(w.PID(), syscall.SIGSTOP)
			}
			var err error
			for err == nil { // until it is stopped
				err = w.Call(t.Context(), "", 1, nil)
			}
			var died *process.ExitError
			if !errors.As(err, &died) && !isCode(err, wire.CodeShuttingDown) { // it may have answered once it was woken
				t.Fatal(err)
			}
			await(t, "the end", w.Done())
			exit := w.Exit()
			if exit.Dump == nil || !strings.Contains(string(exit.Dump.Head), test.dump) || !strings.HasPrefix(exit.String(), test.want) {
				t.Errorf("%v; want %q, and a dump with %q: %+v", exit, test.want, test.dump, exit.Dump)
			}
			wantFault(t, w, Unresponsive)
		})
	}
}

// Pings are answered whatever handlers do: none of these is unresponsive.
func TestBusyIsNotUnresponsive(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		spec.Health = Health{Interval: 10 * time.Millisecond, Timeout: 20 * time.Second}
		w := start(t, spec)
		for _, method := range []string{"stuck", "flood", "wait"} {
			if _, err := w.Open(t.Context(), method, nil); err != nil {
				t.Fatal(err)
			}
		}
		answered := func() uint64 {
			w.health.mu.Lock()
			defer w.health.mu.Unlock()
			return w.health.seq - uint64(len(w.health.open))
		}
		begin := answered()
		eventually(t, "50 pings are answered", func() bool { return answered() > begin+50 })
		w.Shutdown(cancelled(t))
	})
}
