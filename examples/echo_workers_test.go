package examples_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

type object = map[string]any

// An echoWorker is an example with the methods of echo-worker, in any language. What differs
// between languages is said here; all else is the same.
type echoWorker struct {
	example string
	command []string // to be run in this directory
	dump    string   // what a stack dump has
}

// A part is one thing that every echo worker does.
type part struct {
	name string
	test func(*testing.T, echoWorker, parent.Spec)
}

// parts are all that the tests of this system do to an echo worker.
var parts = []part{
	{"echo", running(testEcho)},
	{"numbers", running(testNumbers)},
	{"odd payloads", running(testOddPayloads)},
	{"large payloads", running(testLargePayloads)},
	{"echo as a stream", running(testEchoStream)},
	{"many streams", running(testManyStreams)},
	{"count", running(testCount)},
	{"sleep", running(testSleep)},
	{"deadlines", running(testDeadlines)},
	{"fail", running(testFail)},
	{"log", running(testLog)},
	{"log levels", testLogLevels},
	{"print", running(testPrint)},
	{"panic", running(testPanic)},
	{"exit", running(testExit)},
	{"host", running(testCallsHost)},
	{"many at once", running(testManyAtOnce)},
	{"grace", testGrace},
	{"end of grace", testEndOfGrace},
	{"odd config", testOddConfig},
}

// running makes a part of a test that needs no more than a worker that runs.
func running(test func(*testing.T, worker)) func(*testing.T, echoWorker, parent.Spec) {
	return func(t *testing.T, e echoWorker, spec parent.Spec) { test(t, start(t, e.example, spec)) }
}

func testEchoWorker(t *testing.T) {
	wantUsage(t, "echo-worker")
	testEchoes(t, echoWorker{example: "echo-worker", command: []string{program("echo-worker")}, dump: "goroutine "})
}

// testEchoes puts an echo worker through all parts, over every transport.
func testEchoes(t *testing.T, e echoWorker) {
	for name, link := range transports() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, part := range parts {
				t.Run(part.name, func(t *testing.T) { part.test(t, e, e.spec(link)) })
			}
		})
	}
}

// spec is how the worker is started.
func (e echoWorker) spec(link transport.Transport) parent.Spec {
	return parent.Spec{
		Command:      e.command,
		Transport:    link,
		StartTimeout: 30 * time.Second,
		Handlers: exchange.Handlers{
			"shout": exchange.Func(func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil }),
			"echo":  exchange.Func(func(_ context.Context, p wire.Payload) (wire.Payload, error) { return bytes.Clone(p), nil }),
		},
		Health: parent.Health{Interval: -1}, // a ping would wake what is stuck
	}
}

// wantEcho fails unless the worker answers.
func wantEcho(t *testing.T, w worker) {
	t.Helper()
	if got, err := exchange.Call[string](soon(t), w, "echo", "anybody?"); got != "anybody?" || err != nil {
		t.Fatalf("echo: %q, %v", got, err)
	}
}

// brief shows the beginning of a value.
func brief(v any) string {
	text := fmt.Sprintf("%T %[1]v", v)
	return text[:min(len(text), 60)]
}

func testEcho(t *testing.T, w worker) {
	for _, method := range []string{"", "echo"} {
		for _, v := range []any{
			nil, true, "", "text", int64(-1), uint64(1<<64 - 1), 2.5, []byte{0, 1, 255}, []any{"a", int64(1)},
			object{"hello": object{"world": nil}}, make([]byte, 1<<20),
		} {
			got, err := exchange.Call[any](soon(t), w, method, v)
			if err != nil || !reflect.DeepEqual(got, v) {
				t.Fatalf("%q of %s is %s, %v", method, brief(v), brief(got), err)
			}
		}
	}
	if got, err := exchange.Call[any](soon(t), w, "echo", exchange.None); got != nil || err != nil {
		t.Errorf("echo of no value: %v, %v", got, err)
	}
	_, err := exchange.Call[any](soon(t), w, "nowhere", nil)
	wantCode(t, err, wire.CodeUnknownMethod)
	if !errors.Is(err, wire.ErrNotSent) {
		t.Errorf("the call of an unknown method is not safe to repeat: %v", err)
	}
}

// testEchoStream sends and receives more than any buffer on the way holds, at a time.
func testEchoStream(t *testing.T, w worker) {
	const n = 100
	chunk := func(i int) []byte { return []byte(strings.Repeat(fmt.Sprintf("%03d ", i), 10_000)) }
	x, err := w.Open(soon(t), "echo", chunk(0))
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		for i := 1; i < n; i++ {
			if err := x.Send(chunk(i)); err != nil {
				sent <- err
				return
			}
		}
		sent <- x.CloseSend()
	}()
	i := 0
	for got, err := range exchange.Values[[]byte](x) {
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(chunk(i)) {
			t.Fatalf("value %d is %.10q", i, got)
		}
		i++
	}
	if i != n {
		t.Errorf("%d values came back, want %d", i, n)
	}
	if err := received(t, "the end of sending", sent); err != nil {
		t.Error(err)
	}
}

func testCount(t *testing.T, w worker) {
	for _, n := range []int{0, 3, 10_000} {
		x, err := w.Open(soon(t), "count", object{"n": n})
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for v, err := range exchange.Values[int](x) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		if !slices.Equal(got, want) {
			t.Errorf("count to %d: %s", n, brief(got))
		}
	}

	// Whoever has seen enough stops, and the worker with him.
	x, err := w.Open(soon(t), "count", object{"n": 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	for v, err := range exchange.Values[int](x) {
		if err != nil {
			t.Fatal(err)
		}
		if v == 2 {
			break
		}
	}
	w.shutdown(t)
}

func testSleep(t *testing.T, w worker) {
	if got, err := exchange.Call[object](soon(t), w, "sleep", object{"ms": 1}); got["ms"] != int64(1) || err != nil {
		t.Errorf("sleep: %v, %v", got, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	slept := make(chan error, 1)
	go func() { slept <- w.Call(ctx, "sleep", object{"ms": 60_000}, nil) }()
	wantEcho(t, w) // and the sleeper is on its way as well, or about to be
	cancel()
	wantEnd(t, received(t, "the end of a sleep that is cancelled", slept), context.Canceled)

	// Both sides keep the deadline, and either may be the first to tell.
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := w.Call(ctx, "sleep", object{"ms": 60_000}, nil)
	var said *wire.Error
	if !errors.Is(err, context.DeadlineExceeded) && !(errors.As(err, &said) && said.Code == wire.CodeDeadlineExceeded) {
		t.Errorf("a sleep over its deadline: %v", err)
	}

	// The worker would wait for sleepers that have not been told.
	began := time.Now()
	w.shutdown(t)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the shutdown took %v: something was still asleep", took)
	}
}

func testFail(t *testing.T, w worker) {
	for _, c := range []struct {
		method    string
		in        any
		code      wire.Code
		inMessage string
	}{
		{"fail", object{"code": "teapot", "message": "short and stout"}, "teapot", "short and stout"},
		{"fail", object{"code": "canceled", "message": "why"}, wire.CodeCanceled, "why"},
		{"fail", object{"code": "overloaded", "message": "why"}, wire.CodeFailed, "overloaded: why"}, // since a handler ran
		{"fail", "not an object", wire.CodeBadInput, ""},
		{"sleep", object{"ms": "long"}, wire.CodeBadInput, ""},
	} {
		said := wantCode(t, w.Call(soon(t), c.method, c.in, nil), c.code)
		if !strings.Contains(said.Message, c.inMessage) || errors.Is(said, wire.ErrNotSent) {
			t.Errorf("%s %v: %v", c.method, c.in, said)
		}
	}
}

func testLog(t *testing.T, w worker) {
	for _, level := range []string{"info", "warn", "error"} {
		if ok, err := exchange.Call[bool](soon(t), w, "log", object{"level": level, "text": "logged as " + level}); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	for _, level := range []string{"fatal", "panic", "loud"} {
		wantCode(t, w.Call(soon(t), "log", object{"level": level, "text": "x"}, nil), wire.CodeBadInput)
	}
	wantEcho(t, w)
	w.shutdown(t) // the logger is never waited for before
	for _, level := range []string{"info", "warn", "error"} {
		w.wantLog(t, "logged as "+level, object{"method": "log", "worker": w.example, "pid": w.PID()})
		if n := w.logs.FilterMessage("logged as " + level).All()[0].Level.String(); n != level {
			t.Errorf("the level %s came as %s", level, n)
		}
	}
}

// testPrint prints in the midst of a stream.
func testPrint(t *testing.T, w worker) {
	x, err := w.Open(soon(t), "echo", 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if ok, err := exchange.Call[bool](soon(t), w, "print", object{"text": fmt.Sprintf("printed %d", i)}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := x.Send(2); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.CloseSend(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		_, err := x.Recv()
		if err != nil {
			wantEnd(t, err, io.EOF)
			break
		}
		n++
	}
	if n != 4 {
		t.Errorf("%d values came back, want 4", n)
	}
	w.shutdown(t)
	for i := range 3 {
		w.wantLog(t, fmt.Sprintf("printed %d", i), object{"worker": w.example})
	}
}

func testPanic(t *testing.T, w worker) {
	said := wantCode(t, w.Call(soon(t), "panic", "boom", nil), wire.CodePanicked)
	if !strings.Contains(said.Message, "boom") { // some languages say what kind of crash it was
		t.Errorf("the message is %q", said.Message)
	}
	wantEcho(t, w)
	w.shutdown(t)
	// The worker's log says where it was.
	for _, entry := range w.logs.All() {
		if strings.Contains(fmt.Sprint(entry.Message, entry.ContextMap()), "boom") && entry.Level >= zap.WarnLevel {
			return
		}
	}
	t.Errorf("no warning or error in the log has the message: %v", w.logs.All())
}

func testExit(t *testing.T, w worker) {
	err := w.Call(soon(t), "exit", object{"code": 7}, nil)
	var died *process.ExitError
	if !errors.As(err, &died) {
		t.Fatalf("exit: %v", err)
	}
	if died.Exit.State != process.Exited || died.Exit.Code != 7 || !died.Sent || errors.Is(err, wire.ErrNotSent) {
		t.Errorf("exit: %v, sent %t", err, died.Sent)
	}
	err = w.Call(soon(t), "echo", "anybody?", nil)
	if !errors.As(err, &died) || died.Sent || !errors.Is(err, wire.ErrNotSent) {
		t.Errorf("a call after the end: %v", err)
	}
	if err := w.Shutdown(soon(t)); !errors.As(err, &died) || died.Exit.Code != 7 {
		t.Errorf("Shutdown after the end: %v", err)
	}
}

func testCallsHost(t *testing.T, w worker) {
	if got, err := exchange.Call[string](soon(t), w, "host", object{"method": "shout", "input": "ahoy"}); got != "AHOY" || err != nil {
		t.Errorf("host: %q, %v", got, err)
	}
	said := wantCode(t, w.Call(soon(t), "host", object{"method": "whisper"}, nil), wire.CodeFailed)
	if !strings.Contains(said.Message, wire.CodeUnknownMethod) {
		t.Errorf("a method that the host does not have: %v", said)
	}
}
