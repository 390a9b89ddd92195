package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/terminal"
)

var countDownText = regexp.MustCompile(`level [12] of 2, [13] in flight, [0-9]+s left`)

// The progress is on standard error, and gone when the picture comes.
func TestBenchOnTerminal(t *testing.T) {
	_, seen := runOnTerminal(t, func(cmd *exec.Cmd, f *os.File) { cmd.Stdout = f },
		"bench", "--concurrency", "1,3", "--duration", "30ms", "--", "echo-worker")
	for _, want := range []string{"level 1 of 2, 1 in flight", "level 2 of 2, 3 in flight", "latency, by calls in flight"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is missing in %q", want, seen)
		}
	}
	for line := range strings.SplitSeq(seen, "\r\n") {
		if i := strings.LastIndex(line, "\033[2K\r"); countDownText.MatchString(line[max(i, 0):]) {
			t.Errorf("the progress was not cleared: %q", line)
		}
	}
	stdout, seen := runOnTerminal(t, func(*exec.Cmd, *os.File) {},
		"bench", "-q", "--concurrency", "1,3", "--duration", "1ms", "--", "echo-worker")
	if seen != "" || !strings.Contains(stdout, "latency, by calls in flight") {
		t.Errorf("quiet shows %q and prints %q", seen, stdout)
	}
}

func TestPictureFor(t *testing.T) {
	_, terminal := terminal.Open(t)
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	resize := func(columns uint16) {
		if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(f *os.File, want picture) {
		t.Helper()
		if got := pictureFor(f); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	want(terminal, picture{width: pictureWidth, coloured: true})
	resize(61)
	want(terminal, picture{width: 61, coloured: true})
	resize(500)
	want(terminal, picture{width: widestPicture, coloured: true})
	t.Setenv("TERM", "dumb")
	want(terminal, picture{width: widestPicture})
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	want(terminal, picture{width: widestPicture})
	t.Setenv("NO_COLOR", "")
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want(file, picture{width: pictureWidth})
}
