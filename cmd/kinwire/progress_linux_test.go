package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/kinwire/kinwire/internal/terminal"
)

// runOnTerminal runs kinwire with standard error, and perhaps more, on a terminal. It
// returns what standard output, if that is none, and the terminal got.
func runOnTerminal(t *testing.T, set func(cmd *exec.Cmd, terminal *os.File), args ...string) (stdout, seen string) {
	person, program := terminal.Open(t)
	cmd := exec.Command("kinwire", args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, program
	set(cmd, program)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	all := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(person) // until the last who has it as its terminal is gone
		all <- b
	}()
	t.Log(cmd.Wait())
	return out.String(), string(<-all)
}

var progressText = regexp.MustCompile(`[0-9]+ done, [0-9]+ failed, [0-9]+/s`)

const longWork = `{"name":"a","ms":1400}
{"name":"b","ms":1500}
{"name":"c","ms":"no"}
{"name":"d","ms":1600}
`

func TestProgress(t *testing.T) {
	stdout, seen := runOnTerminal(t, func(cmd *exec.Cmd, _ *os.File) { cmd.Stdin = strings.NewReader(longWork) },
		"run", "--", "go-worker", "one-at-a-time")
	if want := "\"a\"\n\"b\"\n"; !strings.HasPrefix(stdout, want) {
		t.Errorf("the results are %q", stdout)
	}
	for _, want := range []string{"0 done, 0 failed", "1 done, 0 failed", "2 done, 1 failed"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is missing in %q", want, seen)
		}
	}
	for line := range strings.SplitSeq(seen, "\r\n") {
		if i := strings.LastIndex(line, "\033[2K\r"); progressText.MatchString(line[max(i, 0):]) {
			t.Errorf("progress was not cleared: %q", line)
		}
	}
}

func TestProgressHidden(t *testing.T) {
	input := func(cmd *exec.Cmd) { cmd.Stdin = strings.NewReader(`{"ms":1300}`) }
	for name, c := range map[string]struct {
		set  func(*exec.Cmd, *os.File)
		args []string
	}{
		"quiet":                 {func(cmd *exec.Cmd, _ *os.File) { input(cmd) }, []string{"run", "-q", "--", "go-worker"}},
		"results on a terminal": {func(cmd *exec.Cmd, f *os.File) { input(cmd); cmd.Stdout = f }, []string{"run", "--", "go-worker"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, seen := runOnTerminal(t, c.set, c.args...)
			if progressText.MatchString(seen) {
				t.Errorf("there is progress in %q", seen)
			}
		})
	}
}

// Whoever starts what can't be started by hand is not left with a program that waits for
// input.
func TestStartFailedOnTerminal(t *testing.T) {
	_, seen := runOnTerminal(t, func(cmd *exec.Cmd, terminal *os.File) { cmd.Stdin, cmd.Stdout = terminal, terminal },
		"run", "--", "nosuch")
	if seen != "kinwire: nosuch did not start: start \"nosuch\": not found in PATH: no such file or directory\r\n" {
		t.Errorf("the terminal shows %q", seen)
	}
}
