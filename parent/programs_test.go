//go:build unix

package parent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/wire"
)

// The programs that the test binary can be: workers, and what is not quite one.

func init() {
	programs["worker"] = func([]string) { worker().Main() }
	programs["bad init"] = func([]string) {
		w := worker()
		w.Init = func(context.Context, wire.Payload) error {
			fmt.Fprintln(os.Stderr, "looking for a licence")
			return wire.Errorf("licence", "none found")
		}
		w.Main()
	}
	programs["slow init"] = func([]string) {
		w := worker()
		w.Init = func(context.Context, wire.Payload) error { fmt.Println("loading"); time.Sleep(time.Hour); return nil }
		w.Main()
	}
	// deaf ignores SIGTERM, and its one handler never ends.
	programs["deaf"] = func([]string) {
		go worker().Main()
		time.Sleep(100 * time.Millisecond) // Main has asked for its signals by then
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Hour)
	}
	programs["garbage"] = func([]string) { fmt.Println("Hello, I am no worker"); io.Copy(io.Discard, os.Stdin) }
	programs["words"] = func([]string) { fmt.Fprintln(os.Stderr, "no such table: users"); os.Exit(3) }
	programs["no handshake"] = func([]string) { raw(nil); fmt.Println("still busy"); time.Sleep(time.Hour) }
	programs["half handshake"] = func([]string) {
		c := raw(nil)
		b := all.Append(nil)
		c.TryWrite([][]byte{b[:len(b)-1]})
		os.Exit(7)
	}
	// silent answers nothing but Initialize.
	programs["silent"] = func([]string) { raw(all); time.Sleep(time.Hour) }
	// unlink closes its link after the first call and lives on.
	programs["unlink"] = func([]string) { c := raw(all); first(c); c.Close(); time.Sleep(time.Hour) }
	// reads on says goodbye, and takes an end of file for the host's while it tidies up.
	programs["reads on"] = func([]string) {
		c := raw(all)
		next(c, wire.TypeShutdown)
		c.TryWrite([][]byte{wire.Exiting{}.Append(nil)})
		go next(c, wire.TypeInitialize) // which never comes; an end of file exits with 69
		time.Sleep(200 * time.Millisecond)
		os.Exit(0)
	}
	// half answer dies in the midst of a frame.
	programs["half answer"] = func([]string) {
		c := raw(all)
		b := answer(first(c), "an answer").Append(nil)
		c.TryWrite([][]byte{b[:len(b)-3]})
		os.Exit(5)
	}
	// last answer answers, and dies before anybody has read it.
	programs["last answer"] = func([]string) {
		c := raw(all)
		c.TryWrite([][]byte{answer(first(c), "an answer").Append(nil)})
		fmt.Fprintln(os.Stderr, "famous last words")
		os.Exit(5)
	}
	// liar says goodbye and stays.
	programs["liar"] = func([]string) {
		signal.Ignore(syscall.SIGTERM)
		c := raw(all)
		first(c)
		c.TryWrite([][]byte{wire.Exiting{}.Append(nil)})
		time.Sleep(time.Hour)
	}
	programs["violator"] = func([]string) { c := raw(all); first(c); c.TryWrite([][]byte{make([]byte, 4)}); time.Sleep(time.Hour) }
	// python answers no ping, and dumps its stacks at SIGABRT.
	programs["python"] = func([]string) {
		info := all
		info.SDK = "kinwire-python/1"
		raw(info)
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGABRT)
		<-c
		fmt.Fprintln(os.Stderr, "Fatal Python error: Aborted")
		os.Exit(134)
	}
	// nest starts a process that holds its stdout and stderr.
	programs["nest"] = func([]string) {
		w := worker()
		exec.Command("sleep", "1000").Start()
		cmd := exec.Command("sleep", "1000")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Start()
		w.Main()
	}
}

// worker is a worker with a method for each thing that a test wants done.
func worker() *child.Worker {
	return &child.Worker{Name: "test", Handlers: child.Handlers{
		"": child.Func(func(_ context.Context, v any) (any, error) { return v, nil }),
		"echo": func(_ context.Context, r exchange.Request) error {
			for {
				v, err := r.Recv()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				if err := r.Send(v); err != nil {
					return err
				}
			}
		},
		"same": child.Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil }),
		"wait": func(ctx context.Context, _ exchange.Request) error { <-ctx.Done(); return ctx.Err() },
		"spin": func(context.Context, exchange.Request) error {
			//lint:ignore SA5002 that is what it is for
			for {
			}
		},
		"stuck": func(context.Context, exchange.Request) error { time.Sleep(time.Hour); return nil },
		"flood": func(_ context.Context, r exchange.Request) error {
			for {
				if err := r.Send(make([]byte, 4096)); err != nil {
					return err
				}
			}
		},
		"chunks": child.Stream(func(_ context.Context, size int) iter.Seq2[[]byte, error] {
			return func(yield func([]byte, error) bool) {
				for b := make([]byte, size); yield(b, nil); {
				}
			}
		}),
		"exit":  child.Func(func(_ context.Context, code int) (any, error) { os.Exit(code); return nil, nil }),
		"panic": child.Func(func(context.Context, any) (any, error) { panic("in a handler") }),
		"crash": child.Func(func(context.Context, any) (any, error) {
			go panic("famous last words")
			time.Sleep(time.Hour)
			return nil, nil
		}),
		"raise": child.Func(func(_ context.Context, sig int) (any, error) {
			syscall.Kill(os.Getpid(), syscall.Signal(sig))
			time.Sleep(time.Hour)
			return nil, nil
		}),
		"print": child.Func(func(_ context.Context, s string) (any, error) {
			fmt.Println("out " + s)
			fmt.Fprintln(os.Stderr, "err "+s)
			return nil, nil
		}),
		"log": child.Func(func(ctx context.Context, s string) (any, error) {
			child.Logger(ctx).Warn(s, zap.Int("n", 7), zap.String("pid", "spoof"), zap.String("worker", "spoof"))
			return nil, nil
		}),
		"pid": child.Func(func(context.Context, any) (int, error) { return os.Getpid(), nil }),
		"host": child.Func(func(ctx context.Context, v any) (any, error) {
			return exchange.Call[any](ctx, child.Host(ctx), "answer", v)
		}),
		"env": child.Func(func(context.Context, any) (bool, error) {
			_, ok := os.LookupEnv(transport.EnvVar)
			return ok, nil
		}),
		"spawn": child.Func(func(context.Context, any) (int, error) {
			cmd := exec.Command("sleep", "1000")
			err := cmd.Start()
			if err != nil {
				return 0, err
			}
			return cmd.Process.Pid, nil
		}),
	}}
}

// raw takes this process's link as a worker of no SDK does, and answers Initialize. Standard
// input and output stay where they are.
func raw(info message) transport.Conn {
	c := rawLink(os.Getenv(transport.EnvVar))
	if info != nil {
		next(c, wire.TypeInitialize)
		c.TryWrite([][]byte{info.Append(nil)})
	}
	return c
}

// readers are those of raw links, which may hold more than one frame.
var readers = map[transport.Conn]*wire.Reader{}

// next waits for a message of that type.
func next(c transport.Conn, t wire.Type) wire.Message {
	r := readers[c]
	if r == nil {
		r = wire.NewReader(c)
		readers[c] = r
	}
	for {
		body, _, err := r.Next()
		if err != nil {
			os.Exit(69)
		}
		if m, _ := wire.Parse(body); m.Type == t {
			return m
		}
	}
}

// first waits for a call, and returns its id.
func first(c transport.Conn) uint64 {
	in, _ := next(c, wire.TypeInput).Input()
	return in.ID
}

// program is a Spec that starts the test binary as one of its programs.
func program(name string, args ...string) Spec {
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		panic(err)
	}
	return Spec{Name: name, Command: append([]string{self}, args...), Env: []string{
		workerVar + "=" + name,
		"GORACE=atexit_sleep_ms=0", // a program with the race detector takes 1 s for its exit otherwise
	}}
}

// patience is how long a test waits for what must happen. Nothing is measured by it.
const patience = 30 * time.Second

// await waits for something that must happen.
func await[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("timeout: %s", what)
	}
	return v
}

// start starts a worker, and makes sure that it is over when the test is.
func start(t testing.TB, spec Spec) *Worker {
	t.Helper()
	w, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.kill("the test is over")
		await(t, "the end of "+w.name, w.Done())
	})
	return w
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

// state returns the letter that /proc has for a process, or "" if there is none.
func state(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	rest := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return strings.Fields(rest)[0]
}

// isGone reports whether a process runs no more; nobody may have reaped it.
func isGone(pid int) bool {
	s := state(pid)
	return s == "" || s == "Z" || s == "X"
}

// rawLink makes a link of what a process has inherited.
func rawLink(env string) transport.Conn {
	open := func() (transport.Conn, error) { return fdconn.Open(0, 1, env) }
	if number, ok := strings.CutPrefix(env, "fd:"); ok {
		open = func() (transport.Conn, error) {
			fd, err := strconv.Atoi(number)
			if err != nil {
				return nil, err
			}
			return socketpair.Child(fd)
		}
	}
	c, err := open()
	if err != nil {
		panic(err)
	}
	return c
}

// writeAll writes to a raw link, and takes the end of it for the host's.
func writeAll(c transport.Conn, b []byte) {
	for len(b) > 0 {
		n, err := c.TryWrite([][]byte{b})
		if err != nil {
			os.Exit(69)
		}
		if b = b[n:]; len(b) > 0 && c.WaitWritable() != nil {
			os.Exit(69)
		}
	}
}
