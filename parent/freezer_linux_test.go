package parent

import (
	"errors"
	"fmt"
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

// freeze makes a process immune to SIGKILL, as one is that hangs in the kernel, until thaw.
// Only the first version of cgroups can do that, and only root may.
func freeze(t *testing.T, pid int) (thaw func()) {
	t.Helper()
	dir := filepath.Join("/sys/fs/cgroup/freezer", fmt.Sprintf("kinwire-test-%d", os.Getpid()))
	write := func(file, text string) error {
		return os.WriteFile(filepath.Join(dir, file), []byte(text), 0)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Skipf("this test needs a freezer for processes: %v", err)
	}
	thaw = func() {
		write("freezer.state", "THAWED")
		eventually(t, "the freezer is empty", func() bool { return os.Remove(dir) == nil || errors.Is(os.Remove(dir), os.ErrNotExist) })
	}
	if err := errors.Join(write("cgroup.procs", strconv.Itoa(pid)), write("freezer.state", "FROZEN")); err != nil {
		os.Remove(dir)
		t.Skipf("this test needs a freezer for processes: %v", err)
	}
	eventually(t, "it is frozen", func() bool {
		state, err := os.ReadFile(filepath.Join(dir, "freezer.state"))
		return err == nil && strings.TrimSpace(string(state)) == "FROZEN"
	})
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
