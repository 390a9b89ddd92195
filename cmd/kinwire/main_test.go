package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain makes this binary every program that the scripts need but one: echo-worker,
// which is built.
func TestMain(m *testing.M) {
	testscript.Main(withEchoWorker{m}, map[string]func(){
		"kinwire":   kinwireMain,
		"hold":      holdMain,
		"go-worker": goWorkerMain,
		"raw":       rawMain,
	})
}

// leaks are the goroutines that may be left: a read from standard input that nothing
// interrupts, the one that starts all processes, and the one that keeps the guardian.
var leaks = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/cmd/kinwire.(*pipeline).read"),
	goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/process.serveStarts"),
	goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/internal/guard.(*Keeper).watch"),
}

// kinwireMain is main, and looks for goroutines that are left.
func kinwireMain() {
	code := execute(os.Args[1:])
	if os.Getenv("KINWIRE_TEST_LEAKS") != "allowed" {
		if err := goleak.Find(leaks...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 70
		}
	}
	os.Exit(code)
}

// withEchoWorker runs the tests with echo-worker in PATH.
type withEchoWorker struct{ m *testing.M }

func (w withEchoWorker) Run() int {
	dir, err := os.MkdirTemp("", "kinwire-cmd-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "../../examples/echo-worker").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	// Else each program that this binary becomes takes a second to exit under the race detector.
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	code := w.m.Run()
	if err := goleak.Find(leaks...); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
