package parent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
)

func init() {
	programs["confined"] = func([]string) {
		w := worker()
		w.Handlers["open files"] = exchange.Func(func(context.Context, struct{}) (uint64, error) {
			var limit unix.Rlimit
			err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
			return limit.Cur, err
		})
		w.Handlers["cgroup"] = exchange.Func(func(context.Context, struct{}) (string, error) {
			b, err := os.ReadFile("/proc/self/cgroup")
			return string(b), err
		})
		w.Main()
	}
}

// TestRlimitsOfWorker asks a worker what it has been given, and how much it may open.
func TestRlimitsOfWorker(t *testing.T) {
	spec := program("confined")
	spec.Rlimits = []process.Rlimit{{Resource: process.LimitOpenFiles, Soft: 77}}
	w := start(t, spec)
	var got uint64
	if err := w.Call(t.Context(), "open files", nil, &got); err != nil || got != 77 {
		t.Errorf("%d, %v", got, err)
	}
}

func TestRlimitNobodyHas(t *testing.T) {
	spec := program("confined")
	spec.Rlimits = []process.Rlimit{{Resource: process.Resource(99), Soft: 1}}
	_, err := Start(t.Context(), spec)
	var failed *process.StartError
	if !errors.As(err, &failed) || failed.Cause != process.CauseCommand || !strings.Contains(err.Error(), "resource 99") {
		t.Error(err)
	}
}

func TestCgroupOfWorker(t *testing.T) {
	dir := writableCgroup(t)
	spec := program("confined")
	spec.Cgroup = process.Cgroup{Dir: dir}
	w := start(t, spec)
	var in string
	if err := w.Call(t.Context(), "cgroup", nil, &in); err != nil || !strings.Contains(in, filepath.Base(dir)+"/") {
		t.Errorf("it is in %q, %v", in, err)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Error("what is left keeps the cgroup from being removed: ", err)
	}
}

// writableCgroup makes a cgroup, or skips the test.
func writableCgroup(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs unix.Statfs_t
		if unix.Statfs(root, &fs) != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		dir := filepath.Join(root, "kinwire-test-"+strconv.Itoa(os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("this test needs the right to make a cgroup: %v", err)
		}
		t.Cleanup(func() { os.Remove(dir) })
		return dir
	}
	t.Skip("this test needs a cgroup v2 file system")
	return ""
}
