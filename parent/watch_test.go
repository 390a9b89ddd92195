//go:build unix

package parent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// How real workers are watched.

func init() {
	// impostor answers no ping, and says that it is its host.
	programs["impostor"] = func([]string) {
		info := all
		info.SDK, info.PID = "kinwire-go/1", os.Getppid()
		raw(info)
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGQUIT)
		<-c
		fmt.Fprintln(os.Stderr, "it was me")
		os.Exit(7)
	}
	// talker logs at each level.
	programs["talker"] = func([]string) {
		w := worker()
		w.Handlers["talk"] = child.Func(func(ctx context.Context, _ any) (any, error) {
			log := child.Logger(ctx)
			log.Debug("a debug line")
			log.Info("an info line")
			log.Warn("a warn line")
			log.Error("an error line")
			fmt.Println("a printed line")
			fmt.Fprintln(os.Stderr, "a line on stderr")
			return nil, nil
		})
		w.Main()
	}
}

// A handler learns why its worker is to end, and so does its caller.
func TestReasonReachesHandlers(t *testing.T) {
	spec := program("worker")
	spec.Stop.Grace = 50 * time.Millisecond
	w := start(t, spec)
	x, err := w.Open(t.Context(), "wait", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ShutdownFor(t.Context(), "lunch"); err != nil {
		t.Error(err)
	}
	if _, err := x.Recv(); !isCode(err, wire.CodeCanceled) || !strings.Contains(err.Error(), "lunch") {
		t.Errorf("%v", err)
	}
}

// has reports whether an event is among those seen.
func has[E Event](seen func() []Event) bool {
	return slices.ContainsFunc(seen(), func(e Event) bool { _, ok := e.(E); return ok })
}

// A worker that is stopped for a while is unhealthy meanwhile, and nothing worse.
func TestStoppedForAWhile(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec, seen := recorded(program("worker"))
		spec.Transport = link
		spec.Health = Health{Interval: 50 * time.Millisecond, Timeout: 10 * time.Minute, SlowPong: 40 * time.Millisecond}
		w := start(t, spec)
		if _, err := w.Ping(t.Context()); err != nil || !w.Healthy() {
			t.Fatalf("%v, healthy %v", err, w.Healthy())
		}
		for range 2 {
			before := len(seen())
			later := func() []Event { return seen()[before:] }
			syscall.Kill(w.PID(), syscall.SIGSTOP)
			eventually(t, "it is unhealthy", func() bool { return !w.Healthy() && has[Unhealthy](later) })
			result := make(chan error, 1)
			go func() { _, err := w.Ping(t.Context()); result <- err }()
			syscall.Kill(w.PID(), syscall.SIGCONT)
			if err := await(t, "a ping", result); err != nil {
				t.Error(err)
			}
			eventually(t, "it has recovered", func() bool { return w.Healthy() && has[Recovered](later) })
			if err := w.Call(t.Context(), "", 1, nil); err != nil || w.State() != Ready {
				t.Errorf("%v, %v", err, w.State())
			}
		}
	})
}

// A worker that answers pings while a handler does not end is told by the handler's deadline.
func TestStuckHandler(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		for _, method := range []string{"stuck", "spin"} {
			spec, seen := recorded(program("worker"))
			spec.Transport = link
			spec.Health = Health{Interval: 30 * time.Millisecond, Stuck: 200 * time.Millisecond, Misses: -1}
			w := start(t, spec)
			ctx, cancel := context.WithCancel(t.Context())
			x, err := w.Open(ctx, method, nil)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
			if has[Stuck](seen) {
				t.Errorf("%s: told of a call whose caller is there", method)
			}
			cancel()
			if _, err := x.Recv(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			eventually(t, "it is stuck", func() bool { return has[Stuck](seen) })
			if _, err := w.Ping(t.Context()); err != nil || !w.Healthy() {
				t.Errorf("%s: %v, healthy %v", method, err, w.Healthy())
			}
		}
	})
}

// What takes the worker's signals for itself does not take the dump.
func TestDumpBelowAShell(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a member of a group can't be pinned here")
	}
	spec := program("worker")
	spec.Command = []string{"sh", "-c", `"$0"; echo the shell goes on >&2; sleep 1000`, spec.Command[0]}
	spec.Health = Health{Interval: 20 * time.Millisecond, Timeout: time.Second}
	w := start(t, spec)
	if w.Info().PID == w.PID() {
		t.Fatal("the worker is not below a shell")
	}
	syscall.Kill(w.Info().PID, syscall.SIGSTOP)
	await(t, "the end", w.Done())
	exit := w.Exit()
	if exit.Dump == nil || !strings.Contains(string(exit.Dump.Head), "SIGQUIT") || !strings.Contains(string(exit.Dump.Head), "goroutine ") {
		t.Errorf("%v, dump %+v", exit, exit.Dump)
	}
	if !strings.Contains(exit.String(), "killed by SIGKILL (no answer to a ping for 1s)") {
		t.Error(exit)
	}
}

// The pid that a worker announces can't turn a signal on anybody else.
func TestImpostor(t *testing.T) {
	hit := make(chan os.Signal, 1)
	signal.Notify(hit, syscall.SIGQUIT)
	defer signal.Stop(hit)
	spec := program("impostor")
	spec.Health = Health{Interval: 20 * time.Millisecond, Timeout: 500 * time.Millisecond}
	w := start(t, spec)
	await(t, "the end", w.Done())
	if exit := w.Exit(); exit.Code != 7 || exit.Dump == nil || !strings.Contains(string(exit.Dump.Head), "it was me") {
		t.Errorf("%v, dump %+v", exit, exit.Dump)
	}
	select {
	case <-hit:
		t.Error("the host was signalled")
	default:
	}
}

// The host sets how much a worker logs; what it prints comes all the same.
func TestLogLevels(t *testing.T) {
	lines := []string{"a debug line", "an info line", "a warn line", "an error line"}
	for level, first := range map[zapcore.Level]int{zap.DebugLevel: 0, zap.InfoLevel: 1, zap.WarnLevel: 2, zap.ErrorLevel: 3} {
		core, seen := observer.New(zap.DebugLevel)
		spec := program("talker")
		spec.Logger, spec.LogLevel = zap.New(core), level
		w := start(t, spec)
		if err := w.Call(t.Context(), "talk", nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		for i, line := range lines {
			if got := seen.FilterMessage(line).Len(); got != min(1, max(0, i-first+1)) {
				t.Errorf("%v: %q came %d times", level, line, got)
			}
		}
		for _, line := range []string{"a printed line", "a line on stderr"} {
			if seen.FilterMessage(line).Len() != 1 {
				t.Errorf("%v: no %q", level, line)
			}
		}
	}
}

// How an end was is told apart: graceful, forced, or neither asked for nor in order.
func TestGraceful(t *testing.T) {
	for _, test := range []struct {
		name     string
		program  string
		end      func(*Worker) error
		graceful bool
		last     string // of the events
	}{
		{"shut down", "worker", func(w *Worker) error { return w.ShutdownFor(context.Background(), "lunch") }, true, "exit status 0 (lunch)"},
		{"outsider", "worker", func(w *Worker) error {
			syscall.Kill(w.PID(), syscall.SIGTERM)
			<-w.Done()
			return w.Shutdown(context.Background())
		}, true, "exit status 0 ("},
		{"forced", "silent", func(w *Worker) error { return w.ShutdownFor(context.Background(), "lunch") }, false,
			"killed by SIGTERM (it had not shut down after a grace of 50ms, as it was asked to since lunch)"},
		{"crash", "worker", func(w *Worker) error { return w.Call(context.Background(), "exit", 3, nil) }, false, "exit status 3"},
		{"murder", "worker", func(w *Worker) error { syscall.Kill(w.PID(), syscall.SIGKILL); <-w.Done(); return errors.New("killed") }, false, "killed by SIGKILL (not sent by the host)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec, seen := recorded(program(test.program))
			spec.Stop.Grace = 50 * time.Millisecond
			w := start(t, spec)
			if err := test.end(w); (err == nil) != test.graceful {
				t.Error(err)
			}
			await(t, "the end", w.Done())
			if w.Graceful() != test.graceful || w.State() != Exited || w.Healthy() {
				t.Errorf("%v", w.Exit())
			}
			events := seen()
			last, _ := events[len(events)-1].(StateChanged)
			if last.State != Exited || !strings.HasPrefix(last.Reason, test.last) {
				t.Errorf("%+v; want %q", last, test.last)
			}
			wantEvents(t, events[:2], "StateChanged{starting }", "StateChanged{ready }")
			if said := w.Exit().Said; test.name == "shut down" && (said == nil || *said != wire.Exiting{Reason: "lunch"}) {
				t.Errorf("the worker has heard %+v", said)
			}
		})
	}
}
