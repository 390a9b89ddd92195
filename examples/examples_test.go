package examples_test

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	_ "github.com/kinwire/kinwire/child" // so that a change to it is one to this test
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
	"github.com/kinwire/kinwire/wire"
)

// tests has the test of each example that is a program in Go, by its directory.
var tests = map[string]func(*testing.T){
	"agent-host":     testAgentHost,
	"agent-worker":   testAgentWorker,
	"background-job": testBackgroundJob,
	"config":         testConfig,
	"echo-worker":    testEchoWorker,
	"hello-worker":   testHelloWorker,
	"host":           testHost,
	"in-process":     testInProcess,
	"pool":           testPool,
	"watch":          testWatch,
}

// bin is where TestMain has built the examples.
var bin string

func TestMain(m *testing.M) {
	if beHost() {
		return
	}
	if os.Getenv(transport.EnvVar) != "" { // it was started by an agent-host
		rogue.Main()
	}
	for _, name := range []string{"OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"} {
		os.Unsetenv(name) // the agent would ask that model
	}
	var err error
	if bin, err = os.MkdirTemp("", "kinwire-examples-"); err == nil {
		err = build()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.RemoveAll(bin)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/kinwire/kinwire/process.serveStarts"),
		goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/internal/guard.(*Keeper).watch"),
		goleak.Cleanup(func(code int) {
			os.RemoveAll(bin)
			os.Exit(code)
		}))
}

// build builds every example, with the race detector if this test has it.
func build() error {
	args := []string{"build", "-o", bin + string(filepath.Separator)}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
		// Such a program sleeps a second before it exits, if it isn't told otherwise, and a
		// host does not wait for that long.
		if err := os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0")); err != nil {
			return err
		}
	}
	out, err := exec.Command("go", append(args, "./...")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// TestExamples runs the test of every example. There is none without.
func TestExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "testdata" {
			continue
		}
		name := e.Name()
		found[name] = true
		if source, test := otherLanguage(name); test != nil {
			if row := fmt.Sprintf("| [%s](%[1]s) |", name); !strings.Contains(string(readme), row) {
				t.Errorf("README.md has no row that begins with %s", row)
			}
			t.Run(name, func(t *testing.T) { test(t, name, source) })
			continue
		}
		if tests[name] == nil {
			t.Errorf("the example %s has no test in examples_test.go", name)
			continue
		}
		if row := fmt.Sprintf("| [%s](%[1]s) |", name); !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row that begins with %s", row)
		}
		t.Run(name, func(t *testing.T) {
			checkComment(t, name)
			tests[name](t)
		})
	}
	for name := range tests {
		if !found[name] {
			t.Errorf("there is no example %s any more, but a test of it", name)
		}
	}
}

// checkComment looks for the two commands to try in the comment of a program. That it reads
// every file also makes the result of this test depend on them.
func checkComment(t *testing.T, name string) {
	files, err := filepath.Glob(filepath.Join(name, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var doc string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, source, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		doc += f.Doc.Text()
	}
	_, commands, ok := strings.Cut(doc, " Try\n\n")
	if commands, _, _ = strings.Cut(commands, "\n\n"); !ok || strings.Count(commands, "bin/"+name) != 2 {
		t.Errorf("the comment of %s does not end its first paragraph with \"Try\" and two commands with bin/%[1]s:\n%s", name, doc)
	}
}

// program is the path of an example's program.
func program(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(bin, name)
}

// run runs an example as a shell would, for at most 10 s.
func run(t *testing.T, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(name), args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// wantRun runs an example, and compares what it prints and how it exits. stderr has to
// contain what is wanted, and to be empty if that is.
func wantRun(t *testing.T, name string, args []string, wantOut, wantErr string, wantCode int) {
	t.Helper()
	stdout, stderr, code := run(t, name, args...)
	if stdout != wantOut || code != wantCode || !strings.Contains(stderr, wantErr) || wantErr == "" && stderr != "" {
		t.Errorf("%s %q printed %q, on stderr %q, and exited with %d\nwant %q, on stderr %q, and %d",
			name, args, stdout, stderr, code, wantOut, wantErr, wantCode)
	}
}

// wantUsage holds a worker to what it does when nobody has started it as one.
func wantUsage(t *testing.T, name string) {
	t.Helper()
	wantRun(t, name, nil, "", "try `kinwire run -- ", wire.ExitUsage)
}

// transports are the ways to link a process, by name.
func transports() map[string]transport.Transport {
	all := map[string]transport.Transport{"stdio": stdio.Transport{}}
	if runtime.GOOS != "windows" {
		all["socketpair"] = socketpair.Transport{}
	}
	return all
}

// A worker is a running example, and what its host has logged.
type worker struct {
	*parent.Worker
	example string
	logs    *observer.ObservedLogs
}

// start starts an example as a worker, by its program unless spec says another command. Whatever the test does to it, it has to shut down in
// order, unless it has ended already.
func start(t *testing.T, name string, spec parent.Spec) worker {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	if spec.Command == nil {
		spec.Command = []string{program(name)}
	}
	spec.Name = name
	spec.Logger = zap.New(core)
	w, err := parent.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-w.Done(): // the test has seen to it
		default:
			worker{w, name, logs}.shutdown(t)
		}
		if t.Failed() {
			for _, entry := range logs.All() {
				t.Logf("%s %s %v", entry.Level, entry.Message, entry.ContextMap())
			}
		}
	})
	return worker{w, name, logs}
}

// shutdown ends the worker, after which all that it has logged or printed is there.
func (w worker) shutdown(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// wantLog looks for an entry with that message and those fields.
func (w worker) wantLog(t *testing.T, message string, fields map[string]any) {
	t.Helper()
	entries := w.logs.FilterMessage(message).All()
	for _, e := range entries {
		has := e.ContextMap()
		for key := range has {
			if _, wanted := fields[key]; !wanted {
				delete(has, key)
			}
		}
		if fmt.Sprint(has) == fmt.Sprint(fields) { // whatever their types are
			return
		}
	}
	t.Errorf("no log entry %q with %v; those with the message: %v", message, fields, entries)
}

// wantCode fails unless err is an error of the worker with that code.
func wantCode(t *testing.T, err error, code wire.Code) *wire.Error {
	t.Helper()
	var said *wire.Error
	if !errors.As(err, &said) || said.Code != code {
		t.Fatalf("the error is %v, want the code %s", err, code)
	}
	return said
}

// soon returns a context for what should not take long.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// received waits for something to be sent on c.
func received[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: not within 10 s", what)
	}
	return v
}

// wantEnd fails unless the exchange ends with that error.
func wantEnd(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the exchange ended with %v, want %v", err, want)
	}
}
