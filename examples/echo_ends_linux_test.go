package examples_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/wire"
)

func init() {
	parts = append(parts,
		part{"killed host", testKilledHost}, part{"orphan", testOrphan}, part{"broken host", testBrokenHost},
		part{"no version", testNoVersion}, part{"its own deadline", testOwnDeadline}, part{"unresponsive", testUnresponsive}, part{"SIGTERM", testTerminated},
	)
}

// hostVar makes this test binary a host that starts the command in it, and calls it.
const hostVar = "KINWIRE_TEST_HOST"

type hosted struct {
	Command    []string
	Socketpair bool
}

func beHost() bool {
	text := os.Getenv(hostVar)
	if text == "" {
		return false
	}
	var h hosted
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		panic(err)
	}
	spec := parent.Spec{Command: h.Command, Env: []string{hostVar}, Transport: transports()["stdio"], StartTimeout: 30 * time.Second}
	if h.Socketpair {
		spec.Transport = socketpair.Transport{}
	}
	w, err := parent.Start(context.Background(), spec)
	if err == nil {
		_, err = w.Open(context.Background(), "sleep", object{"ms": 600_000})
	}
	if err != nil {
		fmt.Println("error:", err)
		return true
	}
	fmt.Println(w.PID())
	select {}
}

// testKilledHost kills a host process that has a worker at work.
func testKilledHost(t *testing.T, e echoWorker, spec parent.Spec) {
	_, isSocketpair := spec.Transport.(socketpair.Transport)
	text, err := json.Marshal(hosted{e.command, isSocketpair})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(self)
	host.Env = append(os.Environ(), hostVar+"="+string(text))
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer host.Wait()
	defer host.Process.Kill()
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the host says %q", line)
	}
	if isGone(pid) {
		t.Fatal("the worker is gone too early")
	}
	killed := time.Now()
	host.Process.Kill()
	wantGone(t, pid, killed)
}

// isGone tells whether a process has ended, be it reaped or not.
func isGone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

// wantGone holds a worker whose host has died to its second, with room for a busy machine.
func wantGone(t *testing.T, pid int, since time.Time) {
	t.Helper()
	for !isGone(pid) {
		if time.Since(since) > 10*time.Second {
			t.Fatal("the worker lives on")
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("the worker was gone after %v", time.Since(since).Round(time.Millisecond))
}

// A talk is a conversation with a worker by hand.
type talk struct {
	*testing.T
	cmd    *exec.Cmd
	stderr strings.Builder
	in     io.WriteCloser
	out    io.ReadCloser
	frames *wire.Reader
}

// converse starts a worker, with nobody between it and the test.
func converse(t *testing.T, e echoWorker, spec parent.Spec) *talk {
	t.Helper()
	c := &talk{T: t, cmd: exec.Command(e.command[0], e.command[1:]...)}
	c.cmd.Stderr = &c.stderr
	c.cmd.WaitDelay = 10 * time.Second
	value := "stdio"
	var err error
	if _, ok := spec.Transport.(socketpair.Transport); ok {
		value = "fd:3"
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		end := os.NewFile(uintptr(fds[0]), "the host's end")
		its := os.NewFile(uintptr(fds[1]), "the worker's end")
		defer its.Close()
		c.in, c.out = end, end
		c.cmd.ExtraFiles = []*os.File{its}
	} else {
		if c.in, err = c.cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if c.out, err = c.cmd.StdoutPipe(); err != nil {
			t.Fatal(err)
		}
	}
	c.cmd.Env = append(os.Environ(), "KINWIRE_TRANSPORT="+value)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.frames = wire.NewReader(c.out)
	t.Cleanup(func() {
		c.in.Close()
		c.cmd.Process.Kill()
		c.cmd.Wait()
	})
	return c
}

func (c *talk) send(messages ...interface{ Append([]byte) []byte }) {
	c.Helper()
	for _, m := range messages {
		if _, err := c.in.Write(m.Append(nil)); err != nil {
			c.Fatal(err)
		}
	}
}

// next reads up to the next frame of that type.
func (c *talk) next(want wire.Type) wire.Message {
	c.Helper()
	for {
		body, _, err := c.frames.Next()
		if err != nil {
			c.Fatalf("waiting for %s: %v; it printed %q", want, err, c.stderr.String())
		}
		m, err := wire.Parse(body)
		if err != nil {
			c.Fatal(err)
		}
		if m.Type == want {
			return m
		}
	}
}

func (c *talk) greet() {
	c.Helper()
	c.send(wire.Initialize{Versions: []int{wire.Version}, Features: wire.Features})
	if m, err := c.next(wire.TypeInitialized).Initialized(); err != nil || m.Error != nil || m.Version != wire.Version {
		c.Fatalf("%+v, %v", m, err)
	}
}

// wantExit waits for the worker's end, and compares its code; what it printed has to contain
// what is wanted, in one line.
func (c *talk) wantExit(code int, says string) {
	c.Helper()
	c.wantEnd()
	said := c.stderr.String()
	if got := c.cmd.ProcessState.ExitCode(); got != code || !strings.Contains(said, says) || strings.Count(said, "\n") > 1 {
		c.Errorf("it exited with %d, and printed %q; want %d, and one line with %q", got, said, code, says)
	}
}

// wantEnd waits for the worker's end.
func (c *talk) wantEnd() {
	c.Helper()
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- c.cmd.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			c.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		c.Fatal("the worker lives on")
	}
	c.Logf("it ended after %v", time.Since(began).Round(time.Millisecond))
}

// testOrphan closes the link while a handler is at work: nobody but the worker itself ends it.
func testOrphan(t *testing.T, e echoWorker, spec parent.Spec) {
	c := converse(t, e, spec)
	c.greet()
	sleep := exchangeInput(t, 1, "sleep", object{"ms": 600_000})
	c.send(sleep, wire.Ping{Seq: 1})
	c.next(wire.TypePong)
	c.in.Close()
	c.out.Close()
	c.wantExit(wire.ExitOrphaned, "")
}

func exchangeInput(t *testing.T, id uint64, method string, in any) wire.Input {
	t.Helper()
	p, err := wire.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	return wire.Input{ID: id, Flags: wire.FlagEnd, Method: []byte(method), Payload: p}
}

// testBrokenHost breaks rules: the worker names the rule, without a word of its own insides.
func testBrokenHost(t *testing.T, e echoWorker, spec parent.Spec) {
	for rule, frame := range map[wire.Rule]string{
		wire.RuleFrameLength: "\x00\x00\x00\x00",
		wire.RuleBodyCut:     "\x00\x00\x00\x0a\x95\x06\x01\x01\xc0\xdd\xff\xff\xff\xff",
		wire.RuleElement:     "\x00\x00\x00\x04\x92\x03\xa1\x31",
		wire.RuleID:          "\x00\x00\x00\x07\x96\x05\x02\x01\xa0\xc0\xc0",
		wire.RuleSender:      "\x00\x00\x00\x03\x92\x04\x07",
		wire.RuleOrder:       "\x00\x00\x00\x03\x92\x01\x80",
	} {
		c := converse(t, e, spec)
		c.greet()
		if _, err := io.WriteString(c.in, frame); err != nil {
			t.Fatal(err)
		}
		c.wantExit(wire.ExitViolation, string(rule))
	}
}

// testOwnDeadline leaves it to the worker to keep a deadline.
func testOwnDeadline(t *testing.T, e echoWorker, spec parent.Spec) {
	c := converse(t, e, spec)
	c.greet()
	for id, left := range map[uint64]time.Duration{1: 0, 3: 100 * time.Millisecond} {
		sleep := exchangeInput(t, id, "sleep", object{"ms": 600_000})
		sleep.Meta = wire.AppendTimeout(nil, left)
		c.send(sleep)
		out, err := c.next(wire.TypeOutput).Output()
		if err != nil || out.ID != id || !out.Flags.Has(wire.FlagError) || !strings.Contains(string(out.Payload), wire.CodeDeadlineExceeded) {
			t.Errorf("with %v left: %+v, %v", left, out, err)
		}
	}
	c.send(wire.Shutdown{})
	c.next(wire.TypeExiting)
	c.wantExit(0, "")
}

// testNoVersion speaks a version of tomorrow.
func testNoVersion(t *testing.T, e echoWorker, spec parent.Spec) {
	c := converse(t, e, spec)
	c.send(wire.Initialize{Versions: []int{2, 3}})
	m, err := c.next(wire.TypeInitialized).Initialized()
	if err != nil || m.Error == nil || m.Error.Code != wire.CodeUnsupportedVersion || !strings.Contains(m.Error.Message, "3") {
		t.Errorf("%+v, %v", m.Error, err)
	}
	if m, err := c.next(wire.TypeExiting).Exiting(); m.Code != 1 || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
	c.wantExit(1, "")
}

// testUnresponsive stops the worker's process: the host lets it run once more to dump its
// stacks, and kills it.
func testUnresponsive(t *testing.T, e echoWorker, spec parent.Spec) {
	spec.Health = parent.Health{Interval: 50 * time.Millisecond, Timeout: time.Second}
	w := start(t, e.example, spec)
	slept := make(chan error, 1)
	go func() { slept <- w.Call(soon(t), "sleep", object{"ms": 600_000}, nil) }()
	wantEcho(t, w)
	if err := syscall.Kill(w.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var died *process.ExitError
	if err := received(t, "the end of the call", slept); !errors.As(err, &died) {
		t.Fatalf("the call ended with %v", err)
	}
	exit := w.Exit()
	if exit.Dump == nil {
		t.Fatalf("%v, without a dump", exit)
	}
	if dump := string(exit.Dump.Head) + string(exit.Dump.Tail); !strings.Contains(dump, e.dump) {
		t.Errorf("%v, and the dump does not contain %q: %.2000q", exit, e.dump, dump)
	}
}

// testTerminated sends SIGINT, which a terminal might, and SIGTERM: the worker asks to be
// shut down, and its calls go on meanwhile.
func testTerminated(t *testing.T, e echoWorker, spec parent.Spec) {
	c := converse(t, e, spec)
	c.greet()
	c.send(exchangeInput(t, 1, "sleep", object{"ms": 300}))
	c.cmd.Process.Signal(syscall.SIGINT)
	c.send(wire.Ping{Seq: 1})
	c.next(wire.TypePong)
	c.cmd.Process.Signal(syscall.SIGTERM)
	if ack, err := c.next(wire.TypeShutdownAck).ShutdownAck(); ack.InFlight != 1 || err != nil {
		t.Errorf("%+v, %v", ack, err)
	}
	c.send(exchangeInput(t, 3, "echo", 1))
	refused, err := c.next(wire.TypeOutput).Output()
	if err != nil || refused.ID != 3 || !refused.Flags.Has(wire.FlagError) || !strings.Contains(string(refused.Payload), wire.CodeShuttingDown) {
		t.Errorf("what comes after SIGTERM: %+v, %v", refused, err)
	}
	if out, err := c.next(wire.TypeOutput).Output(); err != nil || out.ID != 1 || out.Flags.Has(wire.FlagError) {
		t.Errorf("what was there before SIGTERM: %+v, %v", out, err)
	}
	c.send(wire.Shutdown{Grace: time.Second})
	c.next(wire.TypeExiting)
	c.wantExit(0, "")
}
