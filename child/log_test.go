package child_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// What becomes of what a worker logs.

// logs makes a worker whose method "log" does that with its logger.
func logs(f func(*zap.Logger)) *child.Worker {
	return &child.Worker{Handlers: child.Handlers{"log": child.Func(func(ctx context.Context, _ any) (bool, error) {
		f(child.Logger(ctx))
		return true, nil
	})}}
}

// wantLog receives a Log and returns its fields.
func (c *talk) wantLog(why, level, message string) map[string]any {
	c.Helper()
	entry, err := c.want(why, wire.TypeLog).Log()
	if err != nil || entry.Level != level || !strings.HasPrefix(entry.Message, message) {
		c.Fatalf("%s: %+v, %v; want %s %q", why, entry, err, level, message)
	}
	var fields map[string]any
	if err := entry.Fields.Decode(&fields); err != nil {
		c.Fatalf("%s: %v", why, err)
	}
	return fields
}

func TestLogLevels(t *testing.T) {
	w := logs(func(l *zap.Logger) {
		l.Debug("debug")
		l.Info("info")
		l.Named("sub").With(zap.Int("a", 1)).Warn("warn", zap.Int("b", 2))
		l.Error("error")
		l.DPanic("worse")
	})
	for level, want := range map[string][]string{
		"debug": {"debug", "info", "warn", "error", "error"},
		"warn":  {"warn", "error", "error"},
		"error": {"error", "error"},
		"":      {"info", "warn", "error", "error"},
		"what?": {"info", "warn", "error", "error"},
	} {
		converse(t, w, func(c *talk) {
			in := hello
			in.LogLevel = level
			c.greet(in)
			c.send("", call(1, "log", nil))
			for _, l := range want {
				fields := c.wantLog(level, l, "")
				if l == "warn" && !reflect.DeepEqual(fields, map[string]any{"a": int64(1), "b": int64(2), "logger": "sub"}) {
					t.Error(fields)
				}
			}
			c.wantValue("the answer comes behind its logs", 1, true)
		})
	}
}

type loop struct{ Next *loop }

type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom") }

func TestLogFieldsOfAllTypes(t *testing.T) {
	cyclic := &loop{}
	cyclic.Next = cyclic
	self := map[string]any{}
	self["self"] = self
	users := map[string]any{"at": time.Unix(0, 0).UTC()}
	w := logs(func(l *zap.Logger) {
		l.Info("fields",
			zap.Error(errors.New("an error")), zap.Duration("duration", time.Second), zap.Time("time", time.Unix(0, 0).UTC()),
			zap.Binary("bin", []byte{1}), zap.Uint64("big", math.MaxUint64), zap.Float64("nan", math.NaN()), zap.Complex128("complex", 1i),
			zap.Uintptr("uintptr", 7), zap.Any("chan", make(chan int)), zap.Any("func", func() {}), zap.Any("cyclic", cyclic), zap.Any("self", self),
			zap.Any("explosive", explosive{}), zap.Any("map", users), zap.Any("nil", nil), zap.Any("struct", struct{ A int }{5}),
			zap.Strings("strings", []string{"a"}), zap.Times("times", []time.Time{time.Unix(0, 0).UTC()}), zap.String("utf8", "\xff"),
			zap.Namespace("ns"), zap.Stringer("stringer", (*time.Location)(nil)), zap.Dict("dict", zap.Duration("d", time.Second)),
		)
	})
	introduced(t, w, func(c *talk) {
		c.send("", call(1, "log", nil))
		fields := c.wantLog("the line is not lost", "info", "fields")
		for key, want := range map[string]any{
			"error": "an error", "duration": "1s", "time": "1970-01-01T00:00:00Z", "bin": []byte{1}, "big": uint64(math.MaxUint64),
			"complex": "(0+1i)", "uintptr": int64(7), "struct": map[string]any{"A": int64(5)}, "strings": []any{"a"},
			"times": []any{"1970-01-01T00:00:00Z"}, "nil": nil, "map": map[string]any{"at": "1970-01-01T00:00:00Z"},
		} {
			if got := fields[key]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %#v; want %#v", key, got, want)
			}
		}
		for key, want := range map[string]string{"chan": "chan int", "func": "func()", "cyclic": "cycle", "self": "cycle", "explosive": "boom"} {
			if got, _ := fields[key].(string); !strings.Contains(got, want) {
				t.Errorf("%s: %#v; want text with %q", key, fields[key], want)
			}
		}
		if _, ok := users["at"].(time.Time); !ok {
			t.Errorf("the caller's own map was changed: %v", users)
		}
		if ns, _ := fields["ns"].(map[string]any); ns["dict"] == nil {
			t.Errorf("ns: %v", fields["ns"])
		}
		c.wantValue("", 1, true)
	})
}

func TestLargeLog(t *testing.T) {
	w := logs(func(l *zap.Logger) {
		l.Info(strings.Repeat("m", 1e6), zap.String("f", strings.Repeat("f", 1e6)))
		l.Info("small")
	})
	converse(t, w, func(c *talk) {
		in := hello
		in.MaxFrame = 4096
		c.greet(in)
		c.send("", call(1, "log", nil))
		m := c.next("what does not fit is cut")
		entry, err := m.Log()
		if err != nil || !strings.HasPrefix(entry.Message, "mmm") || !strings.Contains(string(entry.Fields), "too many") {
			t.Errorf("%.100v, %v", entry, err)
		}
		c.wantLog("and told as such", "info", "small")
		c.wantValue("", 1, true)
	})
}

// A flood blocks nobody, is bounded, and what is lost is counted.
func TestLogFlood(t *testing.T) {
	const lines = 20_000
	more := make(chan struct{})
	w := &child.Worker{Handlers: child.Handlers{"log": func(ctx context.Context, r exchange.Request) error {
		for range lines {
			child.Logger(ctx).Info(strings.Repeat("x", 100))
		}
		more <- struct{}{}
		<-more
		child.Logger(ctx).Info("after it")
		return r.Reply(true)
	}}}
	introduced(t, w, func(c *talk) {
		more = make(chan struct{})
		c.send("", call(1, "log", nil))
		<-more // while nobody reads
		c.send("the worker is as well as ever", wire.Ping{Seq: 1})
		got, ponged := 0, false
		for {
			m := c.next("what was kept of the flood")
			if m.Type == wire.TypePong {
				ponged = true
			} else {
				got++
			}
			if synctest.Wait(); ponged && got > 2000 && got*120 > 300<<10 {
				break
			}
			if got == lines {
				t.Fatal("nothing was dropped")
			}
			if got > 2000 && ponged {
				break
			}
		}
		more <- struct{}{}
		var message string
		for !strings.Contains(message, "dropped") {
			entry, err := c.want("the rest", wire.TypeLog).Log()
			if err != nil {
				t.Fatal(err)
			}
			message = entry.Message
			if strings.HasPrefix(message, "x") {
				if got++; got == lines {
					t.Fatal("nothing was dropped")
				}
			}
		}
		c.wantLog("then it goes on", "info", "after it")
		c.wantValue("", 1, true)
	})
}

// With a logger of its own a worker sends the host no logs.
func TestOwnLogger(t *testing.T) {
	core, seen := observer.New(zapcore.InfoLevel)
	w := logs(func(l *zap.Logger) { l.Info("here") })
	w.Logger = zap.New(core)
	w.Handlers["panic"] = func(context.Context, exchange.Request) error { panic("oh no") }
	introduced(t, w, func(c *talk) {
		c.send("", call(1, "log", nil))
		c.wantValue("", 1, true)
		c.send("", call(3, "panic", nil))
		c.wantError("", 3, wire.CodePanicked)
		if seen.FilterMessage("here").Len() != 1 {
			t.Error(seen.All())
		}
		panics := seen.FilterMessage("a handler panicked").All()
		if len(panics) != 1 || panics[0].ContextMap()["panic"] != "oh no" || !strings.Contains(panics[0].ContextMap()["stack"].(string), "log_test.go") {
			t.Error(panics)
		}
	})
}
