package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScript runs the sessions in testdata/script. Beside the usual commands they have
//
//	exits CODE PROGRAM ARGS...   run a program that must exit with that code
//
// and of the programs in this package hold, go-worker and raw. After each, no process may
// be left that it has started, however indirectly.
func TestScript(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the scripts send signals and use a shell")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// setUp marks every process of a script by its environment.
func setUp(env *testscript.Env) error {
	mark := "KINWIRE_TEST_SCRIPT=" + env.WorkDir
	env.Vars = append(env.Vars, mark, "GORACE="+os.Getenv("GORACE"))
	env.Defer(func() {
		if left := awaitNone(mark); len(left) > 0 {
			env.T().Fatal("processes are left:", strings.Join(left, "; "))
		}
	})
	return nil
}

// awaitNone waits until there is no process with mark in its environment, for 2 s at most,
// and returns those that are left. Where there is no /proc it knows of none.
func awaitNone(mark string) (left []string) {
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left = nil
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range environs {
			environ, err := os.ReadFile(path)
			if err == nil && bytes.Contains(environ, []byte(mark)) {
				command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
				left = append(left, fmt.Sprintf("%s %q", path, command))
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}

// exits runs a program and compares its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
