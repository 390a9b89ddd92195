package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/jobs"
)

// startForTerminal starts a job of the shell in a store of its own.
func startForTerminal(t *testing.T, script string) (dir, id string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "jobs")
	store, err := jobs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Start(t.Context(), jobs.Spec{Args: []string{"sh", "-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("kinwire", "job", "kill", "--dir", dir, r.ID).Run() })
	return dir, r.ID
}

// On a terminal the table has colours, and no line is wider than it.
func TestJobListOnTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	dir, id := startForTerminal(t, "sleep 1000; : a comment that makes this command much longer than a line")
	toTerminal := func(cmd *exec.Cmd, terminal *os.File) {
		cmd.Stdout = terminal
		resize(t, terminal, 70)
	}
	_, seen := runOnTerminal(t, toTerminal, "job", "list", "--dir", dir)
	if !strings.Contains(seen, "\033[1mID") || !strings.Contains(seen, "\033[36mrunning") || !strings.Contains(seen, id) {
		t.Errorf("%q", seen)
	}
	for line := range strings.Lines(strings.NewReplacer("\033[1m", "", "\033[36m", "", "\033[0m", "", "\r", "").Replace(seen)) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 70 {
			t.Errorf("%d characters: %q", n, line)
		}
	}
	t.Setenv("NO_COLOR", "1")
	if _, seen := runOnTerminal(t, toTerminal, "job", "list", "--dir", dir); strings.Contains(seen, "\033[36m") {
		t.Errorf("%q", seen)
	}
}

// resize makes a terminal so many characters wide.
func resize(t *testing.T, terminal *os.File, width uint16) {
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: width}); err != nil {
		t.Fatal(err)
	}
}

// Whoever waits at a terminal sees for how long already, in one line.
func TestJobWaitOnTerminal(t *testing.T) {
	dir, id := startForTerminal(t, "sleep 1.5; : a comment that makes this command much longer than a line")
	begun := time.Now()
	const width = 60
	out, seen := runOnTerminal(t, func(_ *exec.Cmd, terminal *os.File) { resize(t, terminal, width) }, "job", "wait", "--dir", dir, id)
	if !strings.Contains(out, id+": succeeded after") {
		t.Errorf("after %v: %q", time.Since(begun), out)
	}
	if !strings.Contains(seen, id+" has been running for 1.") || !strings.HasSuffix(seen, "\033[2K\r") {
		t.Errorf("%q", seen)
	}
	for shown := range strings.SplitSeq(strings.NewReplacer("\033[0K", "", "\033[2K", "").Replace(seen), "\r") {
		if n := len([]rune(shown)); n >= width {
			t.Errorf("%d characters: %q", n, shown)
		}
	}
}
