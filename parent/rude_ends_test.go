//go:build unix

package parent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// Workers that end in none of the ways that the protocol has, and ends that are asked for at
// odd moments.

func init() {
	programs["acks and stays"] = func([]string) {
		c := raw(all)
		next(c, wire.TypeShutdown)
		writeAll(c, wire.ShutdownAck{}.Append(nil))
		time.Sleep(time.Hour)
	}
	programs["acks unasked"] = func([]string) {
		c := raw(all)
		id := first(c)
		writeAll(c, answer(id, nil).Append(wire.ShutdownAck{InFlight: 1}.Append(nil)))
		time.Sleep(time.Hour)
	}
	// says goodbye does so when it is told to go, and stays.
	programs["says goodbye"] = func([]string) {
		c := raw(all)
		next(c, wire.TypeShutdown)
		writeAll(c, wire.Exiting{}.Append(wire.ShutdownAck{}.Append(nil)))
		time.Sleep(time.Hour)
	}
	// leaves exits with a code when it is told to go, without a word.
	programs["leaves"] = func(args []string) {
		next(raw(all), wire.TypeShutdown)
		if args[0] == "3" {
			os.Exit(3)
		}
	}
	// deaf child ignores all that can be ignored, and holds what it has inherited.
	programs["deaf child"] = func([]string) {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		fmt.Println("deaf child")
		time.Sleep(time.Hour)
	}
	// deaf family has a deaf child in its group, which holds its stdout and stderr.
	programs["deaf family"] = func([]string) {
		w := worker()
		w.Handlers["family"] = child.Func(func(context.Context, any) (int, error) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), workerVar+"=deaf child")
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				return 0, err
			}
			if err := cmd.Start(); err != nil {
				return 0, err
			}
			_, err = out.Read(make([]byte, 1)) // it is deaf from now on
			return cmd.Process.Pid, err
		})
		w.Main()
	}
}

// quick are steps so short that a test need not wait for them.
var quick = Stop{Grace: 50 * time.Millisecond, Term: 200 * time.Millisecond, Kill: 10 * time.Second}

func TestRudeEnds(t *testing.T) {
	for _, test := range []struct{ program, arg, want string }{
		{"acks and stays", "", "killed by SIGTERM (it had not shut down after a grace of 50ms"},
		{"says goodbye", "", "killed by SIGTERM (it had said that it exits with 0, and did not"},
		{"leaves", "0", "exit status 0 "}, // a good exit, but without a goodbye
		{"leaves", "3", "exit status 3 "},
	} {
		t.Run(test.program+test.arg, func(t *testing.T) {
			t.Parallel()
			spec := program(test.program, test.arg)
			spec.Stop = quick
			err := start(t, spec).Shutdown(t.Context())
			var lost *process.ExitError
			if !errors.As(err, &lost) || !strings.HasPrefix(lost.Exit.String(), test.want) {
				t.Errorf("%v; want %q", err, test.want)
			}
		})
	}
}

// A worker that asks for its replacement and then stays is brought down without anybody's
// doing, and its last answer counts.
func TestAskedToGoAndStays(t *testing.T) {
	t.Parallel()
	spec := program("acks unasked")
	spec.Stop = quick
	w := start(t, spec)
	if err := w.Call(t.Context(), "", nil, nil); err != nil {
		t.Error(err)
	}
	await(t, "the end", w.Done())
	if exit := w.Exit(); exit.Signal != syscall.SIGTERM || !strings.HasPrefix(exit.Reason, "it had not shut down after a grace") {
		t.Errorf("%v", exit)
	}
}

// A member of the group that ignores SIGTERM and holds the pipes does not outlive the leader,
// and keeps nobody waiting.
func TestDeafFamily(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		for name, leave := range map[string]func(*Worker) error{
			"shutdown": func(w *Worker) error { return w.Shutdown(context.Background()) },
			"exit 7": func(w *Worker) error {
				var lost *process.ExitError
				if err := w.Call(context.Background(), "exit", 7, nil); !errors.As(err, &lost) || lost.Exit.Code != 7 {
					return fmt.Errorf("%w; want exit status 7", err)
				}
				return nil
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				spec := program("deaf family")
				spec.Transport, spec.Stop = link, quick
				w := start(t, spec)
				var pid int
				if err := w.Call(t.Context(), "family", nil, &pid); err != nil {
					t.Fatal(err)
				}
				if runtime.GOOS == "linux" && isGone(pid) {
					t.Fatal("the child does not live: the test proves nothing")
				}
				result := make(chan error, 1)
				go func() { result <- leave(w) }()
				if err := await(t, "the end", result); err != nil {
					t.Error(err)
				}
				eventually(t, "the deaf child is gone", func() bool { return isGone(pid) })
			})
		}
	})
}

// A host's method that shuts down the very worker that calls it does not wait for itself for
// ever.
func TestShutdownFromHandler(t *testing.T) {
	t.Parallel()
	var w *Worker
	ready, result := make(chan struct{}), make(chan error, 1)
	spec := program("worker")
	spec.Stop = quick
	spec.Handlers = exchange.Handlers{"answer": func(_ context.Context, r exchange.Request) error {
		<-ready
		result <- w.Shutdown(context.Background())
		return r.Reply("too late")
	}}
	w = start(t, spec)
	close(ready)
	err := w.Call(t.Context(), "host", 1, nil)
	var lost *process.ExitError
	if !isCode(err, wire.CodeCanceled) && !errors.As(err, &lost) {
		t.Errorf("the call that it was called for: %v", err)
	}
	if err := await(t, "the shutdown", result); err != nil {
		t.Error(err)
	}
}

// A start that is given up while the worker is at any step of its own leaves nobody behind.
func TestStopDuringStart(t *testing.T) {
	for _, name := range []string{"slow init", "no handshake", "deaf family"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			w, err := Start(ctx, program(name))
			if err == nil { // it was faster
				w.Shutdown(cancelled(t))
				return
			}
			var failed *StartError
			if !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) || failed.Exit == nil || !failed.Exit.KilledByHost() {
				t.Errorf("%v", err)
			}
		})
	}
}
