//go:build unix

package parent

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// What reaches the host's logger, and that nobody waits for it.

func TestOutputAndLogs(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		core, seen := observer.New(zapcore.InfoLevel)
		spec := program("worker")
		spec.Name, spec.Transport, spec.Logger = "noisy", link, zap.New(core)
		w := start(t, spec)
		long := strings.Repeat("x", 70<<10)
		for _, s := range []string{"hello", long} {
			if err := w.Call(t.Context(), "print", s, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Call(t.Context(), "log", "a log", nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		stdout := "stdout"
		if _, ok := spec.Transport.(interface{ Stdio() }); ok || link == links["stdio"] {
			stdout = "stderr" // where the SDK points descriptor 1
		}
		for _, want := range []struct {
			message string
			fields  map[string]any
		}{
			{"out hello", map[string]any{"stream": stdout}},
			{"err hello", map[string]any{"stream": "stderr"}},
			{"out " + long[:64<<10-4], map[string]any{"stream": stdout, "continues": true}},
			{long[64<<10-4:], nil},
			{"a log", map[string]any{"n": int64(7), "pid_": "spoof", "worker_": "spoof"}},
		} {
			lines := seen.FilterMessage(want.message).All()
			if len(lines) == 0 {
				t.Errorf("no line %.40q", want.message)
				continue
			}
			got := lines[0].ContextMap()
			if got["worker"] != "noisy" || got["pid"] != int64(w.PID()) {
				t.Errorf("%.40q of worker %v with pid %v", want.message, got["worker"], got["pid"])
			}
			for key, v := range want.fields {
				if got[key] != v {
					t.Errorf("%.40q: %s is %v; want %v", want.message, key, got[key], v)
				}
			}
		}
		if line := seen.FilterMessage("a log").All()[0]; line.Level != zapcore.WarnLevel {
			t.Error(line.Level)
		}
	})
}

func TestLogFieldsAndTimes(t *testing.T) {
	attached(t, Spec{}, func(c *talk) {
		c.send("", wire.Log{Level: "error", Time: time.Now().Add(-time.Hour), Message: "an hour ago", Fields: encode(map[string]any{"b": 1, "a": []any{"x", nil}})})
		c.send("", wire.Log{Level: "loud", Time: time.UnixMilli(1 << 62), Message: "in the far future"})
		c.body("", append([]byte{0x95, 9, 0xa4, 'i', 'n', 'f', 'o', 0, 0xa3, 'e', 'x', 't', 0x81, 0xa1, 'k'}, 0xd4, 0x55, 0)...)
		if c.logged("an hour ago") != 1 || c.logged("in the far future") != 1 || c.logged("ext") != 1 {
			t.Fatal(c.seen.All())
		}
		line := c.seen.FilterMessage("an hour ago").All()[0]
		if line.Level != zapcore.ErrorLevel || time.Since(line.Time) != time.Hour || line.Context[1].Key != "a" || line.Context[2].Key != "b" {
			t.Errorf("%+v", line)
		}
		line = c.seen.FilterMessage("in the far future").All()[0]
		if line.Level != zapcore.InfoLevel || !line.Time.Equal(time.Now()) {
			t.Errorf("%+v", line)
		}
		if line = c.seen.FilterMessage("ext").All()[0]; line.ContextMap()["undecodable_fields"] == nil {
			t.Errorf("%+v", line)
		}
	})
}

// slowCore is a logger that waits for each line until it is told to go on.
type slowCore struct {
	zapcore.Core
	gate chan struct{}
}

func (c slowCore) With(f []zapcore.Field) zapcore.Core { return slowCore{c.Core.With(f), c.gate} }

func (c slowCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, c)
}

func (c slowCore) Write(e zapcore.Entry, f []zapcore.Field) error {
	<-c.gate
	return c.Core.Write(e, f)
}

// A logger that hangs blocks neither the reader of the link nor supervision, and what waits
// for it is bounded.
func TestLoggerHangs(t *testing.T) {
	var once sync.Once
	core := slowCore{gate: make(chan struct{})}
	inner, seen := observer.New(zapcore.DebugLevel)
	core.Core = inner
	synctest.Test(t, func(t *testing.T) {
		core.gate = make(chan struct{})
		release := func() { once.Do(func() { close(core.gate) }) }
		defer release()
		ours, theirs := transport.Pair()
		c := &talk{T: t, conn: ours, in: wire.NewReader(ours)}
		begun := make(chan error, 1)
		go func() {
			var err error
			c.w, err = Attach(t.Context(), theirs, Spec{Logger: zap.New(core)})
			begun <- err
		}()
		c.want("", wire.TypeInitialize)
		c.send("", all)
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
		const lines = 50_000
		for range lines {
			c.send("a flood of logs", wire.Log{Message: strings.Repeat("x", 100)})
		}
		c.pong("the link is still read")
		result := c.calls(t.Context(), "m")
		c.send("", answer(c.input("and calls go on").ID, nil))
		if err := <-result; err != nil {
			t.Error(err)
		}
		c.w.logQueue.mu.Lock()
		if n := len(c.w.logQueue.waiting); n > logLines || c.w.logQueue.size > logBytes {
			t.Errorf("%d lines with %d bytes wait", n, c.w.logQueue.size)
		}
		c.w.logQueue.mu.Unlock()
		release()
		synctest.Wait()
		lost := seen.FilterMessage("the logger did not keep up, and lines were dropped").All()
		kept := seen.FilterMessage(strings.Repeat("x", 100)).Len()
		if len(lost) != 1 || int(lost[0].ContextMap()["lines"].(int64))+kept != lines {
			t.Errorf("%d lines were kept, and %v", kept, lost)
		}
		go c.w.Shutdown(context.Background())
		c.want("", wire.TypeShutdown)
		c.send("", wire.Exiting{})
		<-c.w.Done()
	})
}

// Nor does it hold up the end.
func TestLoggerHangsAtTheEnd(t *testing.T) {
	inner, _ := observer.New(zapcore.DebugLevel)
	core := slowCore{Core: inner, gate: make(chan struct{})}
	spec := program("worker")
	spec.Logger = zap.New(core)
	w := start(t, spec)
	if err := w.Call(t.Context(), "print", "hello", nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	close(core.gate)
}
