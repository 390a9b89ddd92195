package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// freeze puts a process where not even SIGKILL reaches it, and returns what lets it out. A
// frozen cgroup of version 1 is as good as a network drive that does not answer: the process
// is in the state D, and its signals wait.
func freeze(t *testing.T, pid int) (thaw func()) {
	t.Helper()
	dir := filepath.Join("/sys/fs/cgroup/freezer", "kinwire-test-"+strconv.Itoa(os.Getpid())+"-"+strconv.Itoa(pid))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("this test needs a freezer of cgroup version 1: %v", err)
	}
	set := func(file, value string) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil {
			t.Error(err)
		}
	}
	thaw = func() { set("freezer.state", "THAWED") }
	t.Cleanup(func() {
		thaw()
		eventually(t, "the cgroup is empty", func() bool { return os.Remove(dir) == nil })
	})
	set("cgroup.procs", strconv.Itoa(pid))
	set("freezer.state", "FROZEN")
	eventually(t, "it is frozen", func() bool { return state(pid) == "D" })
	return thaw
}

// A process that SIGKILL does not end costs a bounded time, is told, and is not taken for
// gone; once it can end, it does.
func TestStopOfUninterruptible(t *testing.T) {
	p := startReady(t, "wait")
	thaw := freeze(t, p.PID())
	result := make(chan error, 1)
	go func() {
		result <- p.Stop(context.Background(), Ladder{Term: 50 * time.Millisecond, Kill: 50 * time.Millisecond}, "shutdown")
	}()
	select {
	case err := <-result:
		if !errors.Is(err, ErrStuck) {
			t.Errorf("%v; want ErrStuck", err)
		}
	case <-time.After(patience):
		t.Fatal("Stop waits for ever")
	}
	select {
	case <-p.Exited():
		t.Error("it is taken for gone, and was only killed")
	default:
	}
	if p.Exit() != nil {
		t.Error(p.Exit())
	}
	thaw()
	// It was sent SIGTERM first, and it is that which ends it.
	if e := end(t, p); e.State != Signaled || !e.KilledByHost() || e.Reason != "shutdown" || e.Signal != syscall.SIGTERM && e.Signal != syscall.SIGKILL {
		t.Errorf("%v", e)
	}
}
