//go:build unix

package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/wire"
)

// The workers that the test binary can be. Their first argument is their concurrency.

func init() {
	programs["worker"] = func(args []string) { worker(args).Main() }
	programs["words"] = func([]string) { fmt.Fprintln(os.Stderr, "no such table: users"); os.Exit(3) }
	programs["silent"] = func([]string) { time.Sleep(time.Hour) }
	// brief is ready, and dies before it has had a call.
	programs["brief"] = func(args []string) {
		w := worker(args)
		w.Init = func(context.Context, wire.Payload) error {
			time.AfterFunc(20*time.Millisecond, func() { fmt.Fprintln(os.Stderr, "out of cheese"); os.Exit(4) })
			return nil
		}
		w.Main()
	}
	// token starts once the file that is its second argument is there, and takes it away.
	programs["token"] = func(args []string) {
		if os.Remove(args[1]) != nil {
			fmt.Fprintln(os.Stderr, "there is no token")
			os.Exit(5)
		}
		worker(args).Main()
	}
	// careful counts the workers that start at the same time, in the directory that is its
	// second argument.
	programs["careful"] = func(args []string) {
		w := worker(args)
		w.Init = func(context.Context, wire.Payload) error {
			mine := filepath.Join(args[1], strconv.Itoa(os.Getpid()))
			if err := os.WriteFile(mine, nil, 0o600); err != nil {
				return err
			}
			entries, err := os.ReadDir(args[1])
			if len(entries) > 2 {
				return errors.New("too many are starting")
			}
			time.Sleep(100 * time.Millisecond)
			os.Remove(mine)
			return err
		}
		w.Main()
	}
}

// worker is a worker with a method for each thing that a test wants done.
func worker(args []string) *child.Worker {
	concurrency := 0
	if len(args) > 0 {
		concurrency, _ = strconv.Atoi(args[0])
	}
	var state sync.Map
	var calls atomic.Int64
	return &child.Worker{Name: "test", Concurrency: concurrency, Handlers: child.Handlers{
		"":     child.Func(func(_ context.Context, v any) (any, error) { return v, nil }),
		"same": child.Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil }),
		"pid":  child.Func(func(context.Context, any) (int, error) { calls.Add(1); return os.Getpid(), nil }),
		"sleep": child.Func(func(ctx context.Context, ms int) (int, error) {
			select {
			case <-time.After(time.Duration(ms) * time.Millisecond):
				return os.Getpid(), nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}),
		// stubborn does not heed its context.
		"stubborn": child.Func(func(_ context.Context, ms int) (int, error) {
			time.Sleep(time.Duration(ms) * time.Millisecond)
			return os.Getpid(), nil
		}),
		"wait":  func(ctx context.Context, _ exchange.Request) error { <-ctx.Done(); return ctx.Err() },
		"fail":  child.Func(func(context.Context, any) (any, error) { return nil, errors.New("no luck") }),
		"no":    child.Func(func(context.Context, any) (any, error) { return nil, errApp }),
		"panic": child.Func(func(context.Context, any) (any, error) { panic("in a handler") }),
		"exit":  child.Func(func(_ context.Context, code int) (any, error) { os.Exit(code); return nil, nil }),
		// work writes down that it has begun with an id, and crashes at some.
		"work": child.Func(func(_ context.Context, j job) (int, error) { return j.ID, j.do() }),
		"set":  child.Func(func(_ context.Context, kv [2]string) (any, error) { state.Store(kv[0], kv[1]); return nil, nil }),
		"get":  child.Func(func(_ context.Context, k string) (any, error) { v, _ := state.Load(k); return v, nil }),
		"count": child.Stream(func(_ context.Context, n int) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for i := 0; i < n && yield(i, nil); i++ {
				}
			}
		}),
		"grow": child.Func(func(_ context.Context, mb int) (int, error) {
			ballast = append(ballast, make([]byte, mb<<20)...)
			for i := range ballast {
				ballast[i] = 1
			}
			return os.Getpid(), nil
		}),
		"arg": child.Func(func(context.Context, any) (string, error) { return os.Getenv("KINWIRE_POOL_KIND"), nil }),
	}}
}

var ballast []byte

var errApp = wire.Errorf("app.no", "not today")

// job is an input of the method work.
type job struct {
	ID    int
	File  string
	Crash bool
	MS    int
}

func (j job) do() error {
	f, err := os.OpenFile(j.File, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	fmt.Fprintln(f, j.ID)
	f.Close()
	time.Sleep(time.Duration(j.MS) * time.Millisecond)
	if j.Crash {
		fmt.Fprintf(os.Stderr, "input %d was too much\n", j.ID)
		os.Exit(9)
	}
	return nil
}

// program is a Spec of workers that are the test binary as one of its programs.
func program(name string, args ...string) parent.Spec {
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		panic(err)
	}
	return parent.Spec{Name: name, Command: append([]string{self}, args...), Env: []string{
		workerVar + "=" + name,
		"GORACE=atexit_sleep_ms=0", // a program with the race detector takes 1 s for its exit otherwise
	}}
}

// patience is how long a test waits for what must happen. Nothing is measured by it.
const patience = 60 * time.Second

// start starts a pool, and makes sure that it is over when the test is.
func start(t testing.TB, spec Spec) *Pool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := Start(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		p.Shutdown(ctx)
		wantOver(t, p)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.waiting != 0 || p.line.first != nil {
			t.Errorf("%d are waiting for ever", p.waiting)
		}
	})
	return p
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("timeout: %s", what)
		}
	}
}

// received waits for something that must happen.
func received[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("timeout: %s", what)
	}
	return v
}

// pid asks which worker answers.
func pid(t testing.TB, c exchange.Caller) int {
	t.Helper()
	n, err := exchange.Call[int](t.Context(), c, "pid", nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hold keeps a worker busy until the function that it returns is called. It returns once
// the worker is.
func hold(t testing.TB, c exchange.Caller) (release func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	x, err := c.Open(ctx, "wait", exchange.Last{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	return func() {
		cancel()
		for {
			if _, err := x.Recv(); err != nil {
				if errors.Is(err, io.EOF) {
					t.Error("the method wait has ended by itself")
				}
				return
			}
		}
	}
}
