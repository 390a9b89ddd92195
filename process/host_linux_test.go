package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// onDyingThread calls f on a thread that ends after it, and waits for that.
func onDyingThread(t *testing.T, f func()) {
	t.Helper()
	tid := make(chan int)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if syscall.Gettid() == os.Getpid() {
			// Not the first thread, which never ends. While it is held, it has to be another.
			onDyingThread(t, f)
			runtime.UnlockOSThread()
			tid <- 0
			return
		}
		f()
		tid <- syscall.Gettid()
	}()
	task := fmt.Sprintf("/proc/self/task/%d", <-tid)
	eventually(t, "the thread has ended", func() bool {
		_, err := os.Stat(task)
		return os.IsNotExist(err)
	})
}

// golang/go#27505: the parent-death signal comes when the thread that forked ends. First the
// trap itself, then that Start does not step into it.
func TestThreadOfCallerEnds(t *testing.T) {
	trapped := exec.Command("sleep", "1000")
	trapped.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	onDyingThread(t, func() {
		if err := trapped.Start(); err != nil {
			t.Error(err)
		}
	})
	if err := trapped.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the trap is not there any more: %v", err)
	}

	var p *Process
	onDyingThread(t, func() { p = start(t, Command{Args: []string{"sleep", "1000"}}) })
	select {
	case <-p.Exited():
		t.Error("the command died with the thread of the caller")
	case <-time.After(100 * time.Millisecond):
	}
}

func TestHostIsKilled(t *testing.T) {
	host, h := startHeard(t, child(t, "host"))
	h.await(t, Stdout, "ready")
	workers := make(map[string]int)
	for _, name := range []string{"wait", "deaf", "spin"} {
		workers[name] = number(t, h.await(t, Stdout, name+" "))
	}
	eventually(t, "one is stopped", func() bool { return state(workers["deaf"]) == "T" })
	for name, pid := range workers {
		if isGone(pid) {
			t.Errorf("%s is gone too early", name)
		}
	}
	syscall.Kill(host.PID(), syscall.SIGKILL)
	end(t, host)
	defer func() {
		for _, pid := range workers {
			if t.Failed() && !isGone(pid) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}()
	for name, pid := range workers {
		eventually(t, name+" is gone", func() bool { return isGone(pid) })
	}
}
