package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var checkedText = regexp.MustCompile(`[0-9]+ of [0-9]+ done, [0-9]+ failed, [0-9]+s`)

// On a terminal verdicts have colours and a time, and the progress below them goes away.
func TestCheckOnTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	_, seen := runOnTerminal(t, func(cmd *exec.Cmd, f *os.File) { cmd.Stdout = f },
		"check", "--start-timeout", "500ms", "--case", "start/handshake", "--", "raw", "silent")
	for _, want := range []string{"\033[31mFAIL\033[0m socketpair/start/handshake: ", "0 of 2 done, 0 failed, ", " in "} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is missing in %q", want, seen)
		}
	}
	for line := range strings.SplitSeq(seen, "\r\n") {
		if i := strings.LastIndex(line, "\033[2K\r"); checkedText.MatchString(line[max(i, 0):]) {
			t.Errorf("the progress was not cleared: %q", line)
		}
	}

	t.Setenv("NO_COLOR", "1")
	_, seen = runOnTerminal(t, func(cmd *exec.Cmd, f *os.File) { cmd.Stdout = f },
		"check", "--case", "start/handshake", "--", "echo-worker")
	if !regexp.MustCompile(`PASS socketpair/start/handshake  [0-9.]+ m?s\r\n`).MatchString(seen) {
		t.Errorf("without colours the terminal shows %q", seen)
	}
}

// Results that go elsewhere are as plain as ever, and the progress is shown all the same.
func TestCheckBesideTerminal(t *testing.T) {
	stdout, seen := runOnTerminal(t, func(*exec.Cmd, *os.File) {},
		"check", "--start-timeout", "500ms", "--case", "start/handshake", "--", "raw", "silent")
	if !strings.HasPrefix(stdout, "FAIL socketpair/start/handshake: ") || strings.Contains(stdout, "\033") {
		t.Errorf("the results are %q", stdout)
	}
	if !checkedText.MatchString(seen) || strings.Contains(seen, "FAIL") {
		t.Errorf("the terminal shows %q", seen)
	}
}
