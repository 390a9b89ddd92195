//go:build unix

package parent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// What callers learn of a worker's death, and how it is told.

// died calls a method that ends the worker, and returns the report.
func died(t *testing.T, w *Worker, method string, in any) *process.Exit {
	t.Helper()
	err := w.Call(t.Context(), method, in, nil)
	var e *process.ExitError
	if !errors.As(err, &e) || !e.Sent || errors.Is(err, wire.ErrNotSent) || e.Exit == nil || e.Exit != w.Exit() || e.PID != w.PID() {
		t.Fatalf("%s: %v", method, err)
	}
	err = w.Call(t.Context(), "", nil, nil)
	if !errors.As(err, &e) || e.Sent || !errors.Is(err, wire.ErrNotSent) {
		t.Errorf("a call after the end: %v", err)
	}
	return e.Exit
}

func TestExitReports(t *testing.T) {
	for _, test := range []struct {
		program, method string
		in              any
		want            string
	}{
		{"worker", "exit", 0, "exit status 0"},
		{"worker", "exit", 137, "exit status 137"},
		{"worker", "raise", int(syscall.SIGKILL), "killed by SIGKILL (not sent by the host)"},
		{"worker", "raise", int(syscall.SIGSEGV), "exit status 2"}, // Go makes a panic of it
		{"worker", "crash", nil, "exit status 2"},
		{"half answer", "", nil, "exit status 5"},
		{"violator", "", nil, "killed by SIGKILL (protocol violation: frame-length"},
		{"unlink", "", nil, "killed by SIGTERM (its link had ended"},
		{"liar", "", nil, "killed by SIGKILL (it had said that it exits with 0, and did not)"},
	} {
		t.Run(fmt.Sprint(test.program, " ", test.method, test.in), func(t *testing.T) {
			t.Parallel()
			spec := program(test.program)
			spec.Stop = Stop{Term: 300 * time.Millisecond}
			w := start(t, spec)
			exit := died(t, w, test.method, test.in)
			if !strings.HasPrefix(exit.String(), test.want) {
				t.Errorf("%v; want %q", exit, test.want)
			}
			switch test.program {
			case "violator", "unlink", "liar":
				wantFault(t, w, Unlinked)
			}
			if test.method == "crash" && !strings.Contains(exit.LastWords(), "famous last words") {
				t.Errorf("last words: %q", exit.LastWords())
			}
		})
	}
}

// What a worker wrote before it died is delivered, over the link and on stderr.
func TestLastWordsAreRead(t *testing.T) {
	w := start(t, program("last answer"))
	var got string
	if err := w.Call(t.Context(), "", nil, &got); err != nil || got != "an answer" {
		t.Errorf("%q, %v", got, err)
	}
	await(t, "the end", w.Done())
	err := w.Shutdown(t.Context())
	var e *process.ExitError
	if !errors.As(err, &e) || e.Exit.Code != 5 || !strings.Contains(err.Error(), "famous last words") {
		t.Errorf("%v", err)
	}
}

// However calls race with death, each ends once and knows whether it was sent.
func TestCallsRaceWithDeath(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		for range 5 {
			spec := program("worker")
			spec.Transport = link
			w := start(t, spec)
			var callers sync.WaitGroup
			for i := range 32 {
				callers.Go(func() {
					for {
						var err error
						if i%2 == 0 {
							err = w.Call(t.Context(), "", make([]byte, i<<10), nil)
						} else if x, openErr := w.Open(t.Context(), "echo", i); openErr != nil {
							err = openErr
						} else {
							if _, err = x.Recv(); err == nil {
								x.Close()
							}
						}
						if err == nil {
							continue
						}
						var e *process.ExitError
						if !errors.As(err, &e) || e.Exit == nil || e.Sent == errors.Is(err, wire.ErrNotSent) {
							t.Errorf("%v", err)
							return
						}
						if !e.Sent {
							return
						}
					}
				})
			}
			time.Sleep(time.Millisecond)
			syscall.Kill(w.PID(), syscall.SIGKILL)
			callers.Wait()
		}
	})
}

// The same with Shutdown: calls are answered, refused or lost, and nothing else.
func TestCallsRaceWithShutdown(t *testing.T) {
	w := start(t, program("worker"))
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for {
				err := w.Call(t.Context(), "", 1, nil)
				var e *process.ExitError
				switch {
				case err == nil, isCode(err, wire.CodeShuttingDown):
				case errors.As(err, &e): // it may have been sent when the worker had said goodbye
					return
				default:
					t.Errorf("%v", err)
					return
				}
			}
		})
	}
	for range 3 {
		callers.Go(func() {
			if err := w.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
}

// A worker's exit is told as it was, though a process that it started holds its pipes.
func TestGrandchildHoldsThePipes(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("nest")
		spec.Transport = link
		w := start(t, spec)
		var pid int
		if err := w.Call(t.Context(), "spawn", nil, &pid); err != nil {
			t.Fatal(err)
		}
		if exit := died(t, w, "exit", 9); exit.Code != 9 {
			t.Error(exit)
		}
		eventually(t, "the grandchild is gone", func() bool { return isGone(pid) })
	})
}

// A call back from inside of a host call, over a real link.
func TestHostCallAndNestedCall(t *testing.T) {
	var w *Worker
	ready := make(chan struct{})
	spec := program("worker")
	spec.Handlers = exchange.Handlers{"answer": func(ctx context.Context, r exchange.Request) error {
		<-ready
		v, err := r.Recv()
		if err != nil {
			return err
		}
		back, err := exchange.Call[string](ctx, w, "", v)
		if err != nil {
			return err
		}
		return r.Reply(back + "!")
	}}
	w = start(t, spec)
	close(ready)
	if got, err := exchange.Call[string](t.Context(), w, "host", "hi"); err != nil || got != "hi!" {
		t.Errorf("%q, %v", got, err)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// A caller may give up while the report about a death is still being made.
func TestGiveUpDuringDeath(t *testing.T) {
	w := start(t, program("unlink"))
	result := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { result <- w.Call(ctx, "", nil, nil) }()
	await(t, "the link has ended", w.peer.Ended())
	cancel()
	if err := await(t, "the call", result); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
