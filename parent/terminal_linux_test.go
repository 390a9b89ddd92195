package parent

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/internal/terminal"
)

// A worker whose host has a terminal is in a background group of it: it is stopped when it
// reads from there.

func init() {
	programs["reads terminal"] = func([]string) {
		w := worker()
		w.Handlers["read"] = child.Func(func(context.Context, any) (any, error) {
			tty, err := os.Open("/dev/tty")
			if err != nil {
				return nil, err
			}
			_, err = syscall.Read(int(tty.Fd()), make([]byte, 1))
			return nil, err
		})
		w.Main()
	}
	// host at terminal has a worker that reads, waits until the kernel has stopped it, and
	// shuts it down.
	programs["host at terminal"] = func([]string) {
		spec := program("reads terminal")
		spec.Stop = Stop{Grace: 50 * time.Millisecond, Term: 200 * time.Millisecond, Kill: 10 * time.Second}
		w, err := Start(context.Background(), spec)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		go w.Call(context.Background(), "read", nil, nil)
		for begun := time.Now(); state(w.PID()) != "T"; time.Sleep(5 * time.Millisecond) {
			if time.Since(begun) > patience {
				fmt.Fprintln(os.Stderr, "the worker is not stopped")
				break
			}
		}
		err = w.Shutdown(context.Background())
		fmt.Fprintln(os.Stderr, "ended:", err, isGone(w.PID()))
	}
}

func TestWorkerReadsTerminal(t *testing.T) {
	t.Parallel()
	_, ours := terminal.Open(t)
	var said strings.Builder
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), workerVar+"=host at terminal", "GORACE=atexit_sleep_ms=0")
	host.Stdin, host.Stderr = ours, &said
	host.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- host.Wait() }()
	defer host.Process.Kill()
	if err := await(t, "the host", ended); err != nil {
		t.Error(err)
	}
	if got := said.String(); !strings.HasPrefix(got, "ended: ") || !strings.HasSuffix(got, "true\n") {
		t.Errorf("the host said %q", got)
	}
	t.Log(said.String())
}
