//go:build unix

package child_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
	"github.com/kinwire/kinwire/wire"
)

// Main as a process: its exit codes, its one line on stderr, its signals and descriptors.

func init() {
	programs["worker"] = func() {
		w := child.Worker{Handlers: child.Handlers{
			"wait": wait,
			"env": child.Func(func(context.Context, any) (string, error) {
				return fmt.Sprint(os.LookupEnv(transport.EnvVar)), nil
			}),
			// sockets lists what a program that the worker starts has open.
			"sockets": child.Func(func(context.Context, any) (string, error) {
				out, err := exec.Command("sh", "-c", "ls -l /proc/self/fd /dev/fd/ 2>/dev/null; readlink /proc/self/fd/0").CombinedOutput()
				return string(out), err
			}),
			"print": child.Func(func(context.Context, any) (int, error) { return fmt.Println("this is no frame") }),
		}}
		w.Main()
	}
	programs["bad init"] = func() {
		w := child.Worker{Init: func(context.Context, wire.Payload) error { return errors.New("no licence") }}
		w.Main()
	}
}

// program is a process whose host the test is.
type program struct {
	*testing.T
	*exec.Cmd
	link   transport.Conn
	in     *wire.Reader
	stderr bytes.Buffer
}

// run starts a program on a link, or without one.
func run(t *testing.T, name string, link transport.Transport, env ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{T: t, Cmd: exec.Command(self)}
	p.Env = append(os.Environ(), workerVar+"="+name, "GORACE=atexit_sleep_ms=0") // else an exit takes 1 s
	p.Env = append(p.Env, env...)
	p.Cmd.Stderr = &p.stderr
	p.WaitDelay = time.Minute
	if link != nil {
		conn, end, err := link.Connect()
		if err != nil {
			t.Fatal(err)
		}
		defer end.Close()
		p.link, p.in, p.ExtraFiles = conn, wire.NewReader(conn), end.Extra
		p.Env = append(p.Env, transport.EnvVar+"="+end.Env)
		if end.Stdin != nil {
			p.Stdin, p.Stdout = end.Stdin, end.Stdout
		}
		t.Cleanup(func() { conn.Close() })
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill(); p.Wait() })
	return p
}

func (p *program) send(messages ...message) {
	p.Helper()
	for _, m := range messages {
		if _, err := p.link.TryWrite([][]byte{m.Append(nil)}); err != nil {
			p.Fatal(err)
		}
	}
}

func (p *program) want(t wire.Type) wire.Message {
	p.Helper()
	body, _, err := p.in.Next()
	if err != nil {
		p.Fatalf("no %s but %v; stderr %q", t, err, p.stderr.String())
	}
	m, err := wire.Parse(append([]byte(nil), body...))
	if err != nil || m.Type != t {
		p.Fatalf("%s, %v; want %s", m.Type, err, t)
	}
	return m
}

func (p *program) greet() {
	p.Helper()
	p.send(wire.Initialize{Versions: []int{1}})
	p.want(wire.TypeInitialized)
}

// exits waits for the end and checks the exit code and what stderr has: one line with that
// in it, or nothing.
func (p *program) exits(code int, line string) {
	p.Helper()
	p.Wait()
	if got := p.ProcessState.ExitCode(); got != code {
		p.Errorf("%v; want exit code %d", p.ProcessState, code)
	}
	got := p.stderr.String()
	switch {
	case line == "" && got != "":
		p.Errorf("stderr: %q; want nothing", got)
	case line != "" && (!strings.Contains(got, line) || strings.Count(got, "\n") != 1):
		p.Errorf("stderr: %q; want one line with %q", got, line)
	}
}

var links = map[string]transport.Transport{"socketpair": socketpair.Transport{}, "stdio": stdio.Transport{}}

// overAll runs a test over every transport.
func overAll(t *testing.T, f func(*testing.T, transport.Transport)) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) { f(t, link) })
	}
}

func TestMainWithoutHost(t *testing.T) {
	run(t, "worker", nil).exits(wire.ExitUsage, "try `kinwire run -- ")
	for _, where := range []string{"", "fd", "fd:", "fd:x", "fd:2", "fd:-1", "fd:77", "tcp:80", "fd:3\nfd:4"} {
		run(t, "worker", nil, transport.EnvVar+"="+where).exits(wire.ExitUsage, "this is a kinwire worker")
	}
}

func TestMainShutdown(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		p := run(t, "worker", link)
		p.greet()
		p.send(call(1, "wait", nil), wire.Shutdown{Grace: time.Millisecond})
		p.want(wire.TypeShutdownAck)
		p.want(wire.TypeOutput)
		if last, err := p.want(wire.TypeExiting).Exiting(); err != nil || last.Code != 0 {
			t.Errorf("%+v, %v", last, err)
		}
		p.exits(0, "")
	})
}

func TestMainHostGone(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		p := run(t, "worker", link)
		p.link.Close()
		p.exits(wire.ExitOrphaned, "the host is gone")
		p = run(t, "worker", link)
		p.greet()
		p.send(call(1, "wait", nil))
		p.link.Close()
		p.exits(wire.ExitOrphaned, "the host is gone")
	})
}

func TestMainViolation(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		p := run(t, "worker", link)
		p.greet()
		p.send(call(2, "wait", nil))
		p.exits(wire.ExitViolation, string(wire.RuleID))
	})
}

func TestMainInitFails(t *testing.T) {
	p := run(t, "bad init", socketpair.Transport{})
	p.send(wire.Initialize{Versions: []int{1}})
	p.want(wire.TypeInitialized)
	last, err := p.want(wire.TypeExiting).Exiting()
	if err != nil || last.Code != 1 {
		t.Errorf("%+v, %v", last, err)
	}
	p.exits(1, "no licence")
}

func TestMainSignals(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		p := run(t, "worker", link)
		p.greet()
		p.Process.Signal(syscall.SIGINT)
		p.send(wire.Ping{Seq: 1})
		p.want(wire.TypePong) // SIGINT is nothing to it
		p.Process.Signal(syscall.SIGTERM)
		p.want(wire.TypeShutdownAck)
		if last, err := p.want(wire.TypeExiting).Exiting(); err != nil || last.Code != 0 || last.Reason != "SIGTERM" {
			t.Errorf("%+v, %v", last, err)
		}
		p.exits(0, "")
	})
}

// What the worker starts is no worker, and holds none of its link.
func TestMainLeaksNothing(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		p := run(t, "worker", link)
		p.greet()
		p.send(call(1, "env", nil))
		if v := p.value(); v != "false" {
			t.Errorf("%s is %q", transport.EnvVar, v)
		}
		p.send(call(3, "sockets", nil))
		if v := p.value(); strings.Contains(v, "socket:") || strings.Contains(v, " 3 ->") && !strings.Contains(v, "/proc/") {
			t.Errorf("a program that the worker started has:\n%s", v)
		}
		p.send(call(5, "print", nil))
		p.want(wire.TypeOutput) // and not what was printed
		p.send(wire.Shutdown{})
		p.want(wire.TypeShutdownAck)
		p.want(wire.TypeExiting)
		want := ""
		if p.Stdin != nil {
			want = "this is no frame"
		}
		p.exits(0, want)
	})
}

// value receives an Output with a str.
func (p *program) value() (v string) {
	p.Helper()
	out, err := p.want(wire.TypeOutput).Output()
	if err == nil {
		err = out.Payload.Decode(&v)
	}
	if err != nil || out.Flags.Has(wire.FlagError) {
		p.Fatalf("%+v, %v", out, err)
	}
	return v
}

// A host that reads neither the link nor stderr can't keep a worker from leaving.
func TestMainStderrIsFull(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	fd := int(w.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = syscall.Write(fd, make([]byte, 4096))
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	self, _ := os.Executable()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workerVar+"=worker")
	cmd.Stderr = w
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != wire.ExitUsage {
		t.Errorf("%v; want %d", cmd.ProcessState, wire.ExitUsage)
	}
}
