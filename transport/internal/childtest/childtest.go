//go:build unix

// Package childtest tries a transport.Transport with real worker processes, which are the
// test binary started again.
package childtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kinwire/kinwire/transport"
)

// modeVar tells a test binary that it is a worker, and what to do as one.
const modeVar = "KINWIRE_TEST_WORKER"

// Worker is what a worker does instead of running tests. The error it returns goes to
// standard error and makes the exit status 1.
type Worker func() error

// Main runs the worker that the environment names, or else the tests, and then fails if
// they left a goroutine or a descriptor behind.
func Main(m *testing.M, workers map[string]Worker) {
	if mode := os.Getenv(modeVar); mode != "" {
		os.Unsetenv(modeVar) // a process that the worker starts is none
		if err := workers[mode](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	before := descriptors()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if after := descriptors(); code == 0 && len(after) > len(before) {
			fmt.Fprintf(os.Stderr, "descriptors before: %v\nand after: %v\n", before, after)
			code = 1
		}
		os.Exit(code)
	}))
}

// descriptors lists what this process has open, where /proc tells. The poller and the
// handles of processes belong to Go, which keeps the former.
func descriptors() (open []string) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !strings.HasPrefix(target, "anon_inode:[event") {
			open = append(open, e.Name()+" "+target)
		}
	}
	return open
}

// Process is a worker that runs.
type Process struct {
	*exec.Cmd
	Conn   transport.Conn
	Stderr *bytes.Buffer // to be read after Wait
	exited chan error
}

// Start makes a link and starts a worker at its other end. The test ends both.
func Start(t *testing.T, tr transport.Transport, mode string) *Process {
	t.Helper()
	conn, end, err := tr.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	return StartWith(t, conn, end, mode)
}

// StartWith starts a worker on a link that exists. It leaves end open.
func StartWith(t *testing.T, conn transport.Conn, end *transport.ChildEnd, mode string) *Process {
	t.Helper()
	p := &Process{Cmd: exec.Command(os.Args[0]), Conn: conn, Stderr: new(bytes.Buffer), exited: make(chan error, 1)}
	p.Env = append(os.Environ(),
		modeVar+"="+mode,
		transport.EnvVar+"="+end.Env,
		"GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0") // else each worker takes a second to exit
	p.ExtraFiles = end.Extra
	if end.Stdin != nil { // a nil *os.File is not a nil io.Reader
		p.Stdin, p.Stdout = end.Stdin, end.Stdout
	}
	p.Cmd.Stderr = p.Stderr
	if err := p.Cmd.Start(); err != nil {
		conn.Close()
		t.Fatal(err)
	}
	go func() { p.exited <- p.Cmd.Wait() }() // Wait or the cleanup waits for it
	t.Cleanup(func() {
		conn.Close()
		p.Process.Kill()
		p.Wait()
	})
	return p
}

// Wait returns how the process has ended, once it has.
func (p *Process) Wait() error {
	err := <-p.exited
	p.exited <- err // for whoever asks again
	return err
}

// Within fails the test if f does not return.
func Within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(30 * time.Second)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		stacks := make([]byte, 1<<20)
		t.Fatalf("%s: still waiting\n%s", what, stacks[:runtime.Stack(stacks, true)])
	}
}

// WriteAll writes all of b.
func WriteAll(c transport.Conn, b []byte) error {
	for len(b) > 0 {
		n, err := c.TryWrite([][]byte{b})
		if err != nil {
			return err
		}
		if b = b[n:]; len(b) > 0 {
			if err := c.WaitWritable(); err != nil {
				return err
			}
		}
	}
	return nil
}
