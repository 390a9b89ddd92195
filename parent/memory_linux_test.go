package parent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// What is done about workers that need much memory: real ones, that take it.

// hold takes so many MiB until this process ends: of the system itself, since the race
// detector takes several times as much for what is Go's.
func hold(mib int) {
	b, err := unix.Mmap(-1, 0, mib<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(b); i += 512 {
		b[i] = 1
	}
}

func init() {
	programs["eater"] = func([]string) {
		w := worker()
		w.Handlers["hold"] = child.Func(func(_ context.Context, mib int) (int, error) { hold(mib); return 0, nil })
		// below takes it in a process of its own, whose pid it returns.
		w.Handlers["below"] = child.Func(func(_ context.Context, command string) (int, error) {
			cmd := exec.Command("sh", "-c", command, os.Args[0])
			cmd.Env = append(os.Environ(), workerVar+"=holder")
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				return 0, err
			}
			if err := cmd.Start(); err != nil {
				return 0, err
			}
			pid, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				return 0, err
			}
			return strconv.Atoi(strings.TrimSpace(pid))
		})
		// "hold on" takes it and goes on after Shutdown, for all of its grace.
		w.Handlers["hold on"] = child.Func(func(_ context.Context, mib int) (any, error) {
			hold(mib)
			time.Sleep(time.Hour)
			return nil, nil
		})
		w.Main()
	}
	programs["holder"] = func(args []string) {
		mib, _ := strconv.Atoi(args[0])
		hold(mib)
		fmt.Println(os.Getpid())
		time.Sleep(2 * patience)
	}
}

// eater starts a worker whose memory is watched closely.
func eater(t *testing.T, m Memory) (*Worker, func() []Event) {
	t.Helper()
	spec, seen := recorded(program("eater"))
	m.Interval = 20 * time.Millisecond
	spec.Memory = m
	return start(t, spec), seen
}

// warnings are those about memory.
func warnings(events []Event) (all []HighMemory) {
	for _, e := range events {
		if e, ok := e.(HighMemory); ok {
			all = append(all, e)
		}
	}
	return all
}

func TestMemoryWarning(t *testing.T) {
	for _, test := range []struct {
		name, method string
		in           func(mib string) any
	}{
		{"itself", "hold", func(mib string) any { n, _ := strconv.Atoi(mib); return n }},
		{"a grandchild", "below", func(mib string) any { return `"$0" ` + mib + `; true` }},
		{"an orphan", "below", func(mib string) any { return `"$0" ` + mib + ` & exit 0` }},
		{"one that has left the group", "below", func(mib string) any { return `setsid "$0" ` + mib + `; true` }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, seen := eater(t, Memory{Warn: 100 << 20})
			eventually(t, "a measure", func() bool { return w.Memory().Kind != "" })
			if use := w.Memory(); use.Kind != "RSS" || use.Bytes <= 1<<20 || use.Bytes > 100<<20 || use.Processes < 1 {
				t.Errorf("at the start: %v", use)
			}
			call := func(mib string) {
				var pid int
				if err := w.Call(t.Context(), test.method, test.in(mib), &pid); err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(test.name, "one that has left") {
					t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) }) // nobody else does
				}
			}
			call("120")
			eventually(t, "a warning", func() bool { return len(warnings(seen())) > 0 })
			first := warnings(seen())[0]
			if use := first.Use; use.Kind != "PSS" || use.Bytes < 100<<20 || use.Bytes > 400<<20 || first.Growth <= 0 {
				t.Errorf("%v, grown by %d", use, first.Growth)
			}
			for i := range int64(4) {
				call("20") // which is too little to tell, but for all of them together
				eventually(t, "another measure", func() bool { return w.Memory().Bytes >= first.Use.Bytes+(i+1)*15<<20 })
			}
			eventually(t, "a further warning", func() bool { return len(warnings(seen())) > 1 })
			last := first
			for _, next := range warnings(seen())[1:] { // the first may be of a worker that was not done yet
				if next.Use.Bytes-last.Use.Bytes < 50<<20 {
					t.Errorf("%v, after a warning of %v", next.Use, last.Use)
				}
				last = next
			}
			if w.State() != Ready || !w.Healthy() {
				t.Errorf("a warning ends nobody: %v", w.State())
			}
		})
	}
}

func TestMemoryLimit(t *testing.T) {
	t.Run("in order", func(t *testing.T) {
		t.Parallel()
		w, seen := eater(t, Memory{Warn: 40 << 20, Limit: 150 << 20})
		if err := w.Call(t.Context(), "hold", 170, nil); err != nil {
			t.Fatal(err)
		}
		await(t, "the end", w.Done())
		exit := w.Exit()
		if !w.Graceful() || !strings.Contains(exit.Reason, "MiB of PSS in 1 process, over its limit of 150 MiB") || exit.Said == nil || exit.Said.Reason != exit.Reason {
			t.Errorf("%v, said %+v", exit, exit.Said)
		}
		if !slices.ContainsFunc(seen(), func(e Event) bool { return e == StateChanged{Stopping, exit.Reason} }) {
			t.Error(seen())
		}
		if err := w.Call(t.Context(), "", nil, nil); !errors.Is(err, wire.ErrNotSent) {
			t.Error(err)
		}
		wantFault(t, w, OverMemory)
	})
	t.Run("by force", func(t *testing.T) {
		t.Parallel()
		w, _ := eater(t, Memory{Limit: 100 << 20})
		err := w.Call(t.Context(), "hold", 300, nil)
		var died *process.ExitError
		if err == nil {
			await(t, "the end", w.Done())
		} else if !errors.As(err, &died) {
			t.Fatal(err)
		}
		// It may have been measured on its way up, and so have been asked to go before.
		if exit := w.Exit(); !strings.Contains(exit.Reason, "over its limit of 100 MiB") {
			t.Error(exit)
		}
		wantFault(t, w, OverMemory)
	})
	t.Run("a second time", func(t *testing.T) {
		t.Parallel()
		w, _ := eater(t, Memory{Limit: 100 << 20})
		if _, err := w.Open(t.Context(), "hold on", 120); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is to end", func() bool { return w.State() == Stopping })
		w.needs(MemoryUse{Bytes: 200 << 20, Kind: "PSS", Processes: 1}, time.Now())
		await(t, "the end", w.Done())
		if exit := w.Exit(); !exit.KilledByHost() || exit.Duration > 9*time.Second {
			t.Errorf("twice the limit ends the grace: %v", exit)
		}
	})
}

func TestMemoryIsNotMeasured(t *testing.T) {
	for _, m := range []Memory{{}, {Warn: 1, Limit: 1, Interval: -1}, {Warn: -1, Limit: -1}} {
		spec := program("worker")
		spec.Memory = m
		w := start(t, spec)
		if w.memory.end != nil || w.Memory() != (MemoryUse{}) {
			t.Errorf("%+v: %v", m, w.Memory())
		}
	}
}

// TestMemoryIsHidden has a system that does not show the worker, which is told once.
func TestMemoryIsHidden(t *testing.T) {
	core, seen := observer.New(zapcore.WarnLevel)
	spec := program("worker")
	spec.Logger = zap.New(core)
	w := start(t, spec)
	for range 3 {
		w.needs(MemoryUse{}, time.Now())
	}
	eventually(t, "it is told", func() bool { return seen.FilterMessageSnippet("can't be measured").Len() > 0 })
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n := seen.FilterMessageSnippet("can't be measured").Len(); n != 1 {
		t.Errorf("it is told %d times", n)
	}
	if use := w.Memory(); use.String() != "not measured" {
		t.Error(use)
	}
}

func TestMemoryRewarns(t *testing.T) {
	m, now := new(memoryWatch), time.Now()
	warned := func(mib int64) bool { return m.note(MemoryUse{Bytes: mib << 20, Kind: "PSS"}, 100<<20, now) != nil }
	for i, step := range []struct {
		later time.Duration
		mib   int64
		want  bool
	}{
		{0, 99, false},
		{0, 100, true},
		{time.Second, 149, false},
		{time.Second, 151, true},
		{119 * time.Second, 151, false},
		{time.Second, 151, true},
		{time.Second, 90, false},
		{time.Second, 151, false},
		{200 * time.Second, 90, false},
		{time.Second, 101, true},
	} {
		now = now.Add(step.later)
		if got := warned(step.mib); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	if m.baseline != 99<<20 {
		t.Error(m.baseline)
	}
}

func TestMemoryUseStrings(t *testing.T) {
	for use, want := range map[MemoryUse]string{
		{}:                      "not measured",
		{3 << 20, "RSS", 1}:     "3.0 MiB of RSS in 1 process",
		{512<<20 - 1, "PSS", 3}: "512 MiB of PSS in 3 processes",
	} {
		if use.String() != want {
			t.Errorf("%q; want %q", use, want)
		}
	}
}
