package parent

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kinwire/kinwire/process"
)

// Workers that the kernel holds.

// cgroup makes a cgroup below one of the machine's for the time of a test, and returns what
// sets a file of it.
func cgroup(t *testing.T, parent, file string) (set func(file, value string)) {
	t.Helper()
	dir := filepath.Join(parent, "kinwire-test-"+strconv.Itoa(os.Getpid())+"-"+strings.ToLower(t.Name()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("this test needs a cgroup: %v", err)
	}
	t.Cleanup(func() {
		eventually(t, "the cgroup is empty", func() bool { return os.Remove(dir) == nil })
	})
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		t.Skipf("this test needs a cgroup that can be frozen: %v", err)
	}
	return func(file, value string) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil {
			t.Error(err)
		}
	}
}

// freeze makes a process immune to SIGKILL, as one is that hangs in the kernel, until thaw. Only
// the first version of cgroups can do that, and only root may.
func freeze(t *testing.T, pid int) (thaw func()) {
	t.Helper()
	set := cgroup(t, "/sys/fs/cgroup/freezer", "freezer.state")
	set("cgroup.procs", strconv.Itoa(pid))
	set("freezer.state", "FROZEN")
	thaw = func() { set("freezer.state", "THAWED") }
	t.Cleanup(thaw)
	eventually(t, "it is frozen", func() bool { return state(pid) == "D" })
	return thaw
}

// A process that not even SIGKILL ends is waited for once, told of once, and reported as
// unknown, in bounded time.
func TestStuckInTheKernel(t *testing.T) {
	core, seen := observer.New(zapcore.DebugLevel)
	spec := program("worker")
	spec.Logger = zap.New(core)
	spec.Stop = Stop{Grace: 100 * time.Millisecond, Term: 100 * time.Millisecond, Kill: 1500 * time.Millisecond}
	w := start(t, spec)
	thaw := freeze(t, w.PID())
	begun := time.Now()
	err := w.Shutdown(t.Context())
	took := time.Since(begun)
	thaw()
	var died *process.ExitError
	if !errors.As(err, &died) || died.Exit.State != process.Unknown || died.Exit.Code != -1 || !strings.Contains(err.Error(), "still there after SIGKILL") {
		t.Errorf("%v", err)
	}
	// The grace and a second for goodbye, SIGTERM's time, SIGKILL's time once, a second for
	// the link's goroutines, and the machine's.
	if took < 2700*time.Millisecond || took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	told := 0
	for _, line := range seen.All() {
		if strings.Contains(line.Message, "SIGKILL") || strings.Contains(line.Message, "can't be killed") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("it is told %d times: %v", told, seen.All())
	}
	eventually(t, "it is gone once it is thawed", func() bool { return isGone(w.PID()) })
	await(t, "its process's end", w.proc.Done())
}

// In a frozen cgroup of version 1 not even SIGKILL ends a worker. Shutdown takes its time all
// the same, calls end, and the report does not say that the worker is gone.
func TestShutdownOfUninterruptible(t *testing.T) {
	t.Parallel()
	core, seen := observer.New(zapcore.WarnLevel)
	spec := program("worker")
	spec.Logger = zap.New(core)
	spec.Stop = Stop{Grace: 50 * time.Millisecond, Term: 50 * time.Millisecond, Kill: 50 * time.Millisecond}
	w := start(t, spec)
	x, err := w.Open(t.Context(), "wait", nil)
	if err != nil {
		t.Fatal(err)
	}
	thaw := freeze(t, w.PID())

	call, down := make(chan error, 1), make(chan error, 1)
	go func() { _, err := x.Recv(); call <- err }()
	go func() { down <- w.Shutdown(t.Context()) }()
	for what, result := range map[string]chan error{"the shutdown": down, "the call": call} {
		var lost *process.ExitError
		if err := await(t, what, result); !errors.As(err, &lost) || lost.Exit.State != process.Unknown || lost.Exit.Code != -1 || lost.Exit.Reason != "still there after SIGKILL" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if isGone(w.PID()) {
		t.Error("the worker was not stuck: the test proves nothing")
	}
	told := seen.Filter(func(l observer.LoggedEntry) bool {
		return strings.Contains(l.Message, "can't be killed") || strings.Contains(l.Message, "after SIGKILL")
	})
	if told.Len() == 0 {
		t.Errorf("nobody is told: %v", seen.All())
	}
	thaw()
	await(t, "its end, now that it can", w.proc.Done())
}

// In a frozen cgroup of version 2 a worker does not run, which pings find out, and can be
// killed.
func TestFrozenWorker(t *testing.T) {
	t.Parallel()
	set := cgroup(t, unified(), "cgroup.freeze")
	spec := program("worker")
	spec.Health = Health{Interval: 20 * time.Millisecond, Timeout: 500 * time.Millisecond}
	w := start(t, spec)
	set("cgroup.procs", strconv.Itoa(w.PID()))
	set("cgroup.freeze", "1")
	t.Cleanup(func() { set("cgroup.freeze", "0") })
	var err error
	for err == nil { // until it is frozen
		err = w.Call(t.Context(), "", 1, nil)
	}
	var lost *process.ExitError
	if !errors.As(err, &lost) || !lost.Exit.KilledByHost() || !strings.HasPrefix(lost.Exit.Reason, "no answer to a ping for ") {
		t.Errorf("%v", err)
	}
}

// unified is where the machine has its cgroups of version 2.
func unified() string {
	const hybrid = "/sys/fs/cgroup/unified"
	if _, err := os.Stat(hybrid); err == nil {
		return hybrid
	}
	return "/sys/fs/cgroup"
}
