package examples_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// Further parts of what every echo worker does.

// testNumbers echoes numbers at the edges of what languages have. A float without a fraction
// may come back as an integer.
func testNumbers(t *testing.T, w worker) {
	for _, v := range []any{
		int64(0), int64(127), int64(128), int64(-32), int64(-33), int64(math.MaxInt32), int64(math.MinInt32), int64(math.MaxUint32),
		int64(1 << 32), int64(1<<53 - 1), int64(1 << 53), int64(1<<53 + 1), int64(-1<<53 - 1), int64(math.MaxInt64), int64(math.MinInt64),
		uint64(math.MaxInt64 + 1), uint64(math.MaxUint64), 0.1, -2.5, 1e300, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1),
		[]any{int64(math.MaxInt64), object{"n": int64(math.MinInt64)}},
	} {
		if got, err := exchange.Call[any](soon(t), w, "echo", v); !reflect.DeepEqual(got, v) || err != nil {
			t.Errorf("%T %[1]v came back as %T %[2]v, %v", v, got, err)
		}
	}
	for _, f := range []float64{1, 0, -3, 1e15} {
		got, err := exchange.Call[any](soon(t), w, "echo", f)
		if err != nil || got != f && got != int64(f) {
			t.Errorf("%v came back as %T %[2]v, %v", f, got, err)
		}
	}
	if got, err := exchange.Call[float64](soon(t), w, "echo", math.NaN()); !math.IsNaN(got) || err != nil {
		t.Errorf("NaN came back as %v, %v", got, err)
	}
	if got, err := exchange.Call[any](soon(t), w, "echo", wire.Payload{0xca, 0x3f, 0xc0, 0, 0}); fmt.Sprint(got) != "1.5" || err != nil {
		t.Errorf("1.5 of 32 bits came back as %v, %v", got, err)
	}
}

// testOddPayloads echoes values that not every language has. They come back as they were, or,
// if a language can't hold the keys of a map, not at all.
func testOddPayloads(t *testing.T, w worker) {
	for name, c := range map[string]struct {
		value   string
		mayFail bool
	}{
		"ext":                   {"\xd4\x05\xff", false},
		"empty ext":             {"\xc7\x00\x05", false},
		"ext of msgpack's own":  {"\xd5\x80\x01\x02", true}, // for what there may be once
		"timestamp of 4 bytes":  {"\xd6\xff\x65\x53\xf1\x00", false},
		"timestamp of 8 bytes":  {"\xd7\xff\x1d\x4d\x3c\x04\x65\x53\xf1\x00", false}, // with nanoseconds
		"timestamp of 12 bytes": {"\xc7\x0c\xff\x1d\xcd\x65\x00\xff\xff\xff\xff\xff\xff\xff\xff", false},
		"bad timestamp":         {"\xc7\x03\xff\x01\x02\x03", true},
		"key: int":              {"\x82\x01\xa1a\x02\xa1b", false},
		"key: int and str":      {"\x82\x01\xa1a\xa11\xa1b", false},
		"key: int of 64 bits":   {"\x81\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x05", false},
		"key: bool":             {"\x81\xc3\x05", true},
		"key: nil":              {"\x81\xc0\x05", true},
		"key: bin":              {"\x81\xc4\x01\xff\x05", true},
		"key: array":            {"\x81\x91\x01\x05", true},
		"key: map":              {"\x81\x81\xa1a\x01\x05", true},
		"key: __proto__":        {"\x82\xa9__proto__\x01\xabconstructor\x02", false},
		"63 levels":             {strings.Repeat("\x91", 62) + "\x90", false},
		"nil in nil":            {"\x92\xc0\x91\xc0", false},
		"empty map":             {"\x80", false},
	} {
		v := wire.Payload(c.value)
		got, err := exchange.Call[wire.Payload](soon(t), w, "echo", v)
		var said *wire.Error
		switch {
		case errors.As(err, &said) && said.Code == wire.CodeBadInput && c.mayFail:
		case err != nil || !bytes.Equal(got, v):
			t.Errorf("%s: % x came back as % x, %v", name, v, got, err)
		}
	}
	// What is no UTF-8 is replaced, or passed on; it is never a reason to fail.
	got, err := exchange.Call[wire.Payload](soon(t), w, "echo", wire.Payload("\xa3a\xffb"))
	if s := string(got); s != "\xa3a\xffb" && s != "\xa5a\uFFFDb" || err != nil {
		t.Errorf("invalid UTF-8 came back as % x, %v", got, err)
	}
	wantEcho(t, w)
}

// testLargePayloads echoes what is larger than any window.
func testLargePayloads(t *testing.T, w worker) {
	ints := make([]any, 300_000)
	for i := range ints {
		ints[i] = int64(i)
	}
	for name, v := range map[string]any{
		"bin": bytes.Repeat([]byte("0123456789abcdef"), 3<<16), "str": strings.Repeat("größe ✓ ", 300_000), "array": ints,
	} {
		got, err := exchange.Call[any](soon(t), w, "echo", v)
		if err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("a large %s is %s, %v", name, brief(got), err)
		}
	}
	// The largest frame that there may be is an Output whose head is shorter than the Input's.
	largest := make([]byte, wire.DefaultMaxFrame-64)
	if got, err := exchange.Call[[]byte](soon(t), w, "echo", largest); len(got) != len(largest) || err != nil {
		t.Errorf("the largest frame: %d bytes, %v", len(got), err)
	}
}

// testManyStreams runs streams side by side, one of which nobody reads for a while.
func testManyStreams(t *testing.T, w worker) {
	chunk := []byte(strings.Repeat("x", 30_000))
	slow, err := w.Open(soon(t), "count", object{"n": 500_000})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			x, err := w.Open(soon(t), "echo", chunk)
			if err != nil {
				t.Error(err)
				return
			}
			n := 0
			all.Go(func() {
				for range 39 {
					if err := x.Send(chunk); err != nil {
						t.Error(err)
						return
					}
				}
				if err := x.CloseSend(); err != nil {
					t.Error(err)
				}
			})
			for got, err := range exchange.Values[[]byte](x) {
				if err != nil || len(got) != len(chunk) {
					t.Error(len(got), err)
					return
				}
				n++
			}
			if n != 40 {
				t.Errorf("%d values came back, want 40", n)
			}
		})
	}
	all.Wait()
	wantEcho(t, w)
	n := 0
	for v, err := range exchange.Values[int](slow) {
		if err != nil || v != n {
			t.Fatal(v, n, err)
		}
		if n++; n == 20_000 {
			break
		}
	}
}

// testDeadlines ends calls and streams in time.
func testDeadlines(t *testing.T, w worker) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if got, err := exchange.Call[object](ctx, w, "sleep", object{"ms": 5}); got["ms"] != int64(5) || err != nil {
		t.Errorf("sleep within its deadline: %v, %v", got, err)
	}
	// A stream ends by its deadline as well, wherever it waits.
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	x, err := w.Open(ctx, "echo", "and then?")
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range exchange.Values[string](x) {
		last = err
	}
	var said *wire.Error
	if !errors.Is(last, context.DeadlineExceeded) && !(errors.As(last, &said) && said.Code == wire.CodeDeadlineExceeded) {
		t.Errorf("a stream over its deadline ends with %v", last)
	}
	wantEcho(t, w)
}

// testLogLevels holds that the host's level is the worker's, and that what comes has its own.
func testLogLevels(t *testing.T, e echoWorker, spec parent.Spec) {
	for _, least := range []string{"debug", "error"} {
		level, err := zap.ParseAtomicLevel(least)
		if err != nil {
			t.Fatal(err)
		}
		spec.LogLevel = level.Level()
		w := start(t, e.example, spec)
		for _, level := range []string{"debug", "info", "warn", "error"} {
			if err := w.Call(soon(t), "log", object{"level": level, "text": "logged as " + level}, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.shutdown(t)
		for _, level := range []string{"debug", "info", "warn", "error"} {
			want := 1
			if least == "error" && level != "error" {
				want = 0
			}
			logged := w.logs.FilterMessage("logged as " + level).All()
			if len(logged) != want || want == 1 && logged[0].Level.String() != level {
				t.Errorf("from %s up: what is logged as %s is %v", least, level, logged)
			}
		}
	}
}

// testManyAtOnce holds that calls do not wait for each other, and that none is mixed up.
func testManyAtOnce(t *testing.T, w worker) {
	const sleepers, callers, calls = 8, 16, 50
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	slept := make(chan error, sleepers)
	for range sleepers {
		go func() { slept <- w.Call(ctx, "sleep", object{"ms": 60_000}, nil) }()
	}
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for n := range calls {
				want := fmt.Sprintf("%d of %d", n, i)
				if got, err := exchange.Call[string](soon(t), w, "echo", want); got != want || err != nil {
					t.Errorf("%q came back as %q, %v", want, got, err)
					return
				}
			}
		})
	}
	all.Wait()
	cancel()
	for range sleepers {
		wantEnd(t, received(t, "the end of a sleep", slept), context.Canceled)
	}
	if got, err := exchange.Call[any](soon(t), w, "host", object{"method": "echo", "input": object{"deep": []any{int64(1)}}}); err != nil || !reflect.DeepEqual(got, object{"deep": []any{int64(1)}}) {
		t.Errorf("host: %v, %v", got, err)
	}
}

// testGrace shuts down while a call is on its way that ends in time.
func testGrace(t *testing.T, e echoWorker, spec parent.Spec) {
	w := start(t, e.example, spec)
	slept := make(chan error, 1)
	x, err := w.Open(soon(t), "sleep", exchange.Last{Value: object{"ms": 500}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		var got object
		slept <- x.RecvInto(&got)
	}()
	w.shutdown(t)
	if err := received(t, "the end of the call", slept); err != nil {
		t.Errorf("a call that ends within the grace: %v", err)
	}
	wantExit(t, w, 0)
}

// testEndOfGrace shuts down while calls are on their way that do not end in time.
func testEndOfGrace(t *testing.T, e echoWorker, spec parent.Spec) {
	spec.Stop.Grace = 200 * time.Millisecond
	w := start(t, e.example, spec)
	calls := map[string]any{"sleep": exchange.Last{Value: object{"ms": 60_000}}, "echo": 1} // echo waits for more
	ended := make(chan error, len(calls))
	for method, in := range calls {
		x, err := w.Open(soon(t), method, in)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			var last error
			for _, err := range exchange.Values[any](x) {
				last = err
			}
			ended <- last
		}()
	}
	w.shutdown(t)
	for range calls {
		wantCode(t, received(t, "the end of a call", ended), wire.CodeCanceled)
	}
	wantExit(t, w, 0)
}

// wantExit holds the worker's end to its exit code, and to what it has said before.
func wantExit(t *testing.T, w worker, code int) {
	t.Helper()
	exit := w.Exit()
	if exit.State != process.Exited || exit.Code != code || exit.Said == nil || exit.Said.Code != code {
		t.Errorf("the worker's end: %v, it said %+v", exit, exit.Said)
	}
}

// testOddConfig hands the worker a configuration that it does not read, and looks at what it
// says of itself.
func testOddConfig(t *testing.T, e echoWorker, spec parent.Spec) {
	spec.Config = wire.Payload("\x82\x05\xa3a\xffb\xa1x\xd4\x05\xff") // {5: invalid UTF-8, "x": ext}
	w := start(t, e.example, spec)
	wantEcho(t, w)
	if info := w.Info(); info.PID != w.PID() || info.SDK == "" || info.Name == "" || len(info.Features) != len(wire.Features) {
		t.Errorf("it says of itself: %+v", info)
	}
}
