package jobs

import (
	"testing"
	"time"
)

func TestSummary(t *testing.T) {
	code := func(n int) *int { return &n }
	for want, r := range map[string]Record{
		"job 1: has been running for 3m0s: make all":           {State: Running, Duration: 3 * time.Minute},
		"job 1: has been running for 10ms; alas: make all":     {State: Running, Duration: 10 * time.Millisecond, Note: "alas"},
		"job 1: succeeded after 1.2s: make all":                {State: Succeeded, ExitCode: code(0), Duration: 1234 * time.Millisecond},
		"job 1: failed with exit status 42 after 3s: make all": {State: Failed, ExitCode: code(42), Duration: 3 * time.Second},
		"job 1: failed, killed by SIGSEGV after 3s: make all":  {State: Failed, Signal: "SIGSEGV", Duration: 3 * time.Second},
		"job 1: failed, killed by SIGKILL for want of memory after 3s: make all": {
			State: Failed, Signal: "SIGKILL", OutOfMemory: "yes", Duration: 3 * time.Second},
		"job 1: failed: more than 9 bytes of output after 3s: make all": {
			State: Failed, Signal: "SIGTERM", Reason: "more than 9 bytes of output", Duration: 3 * time.Second},
		"job 1: failed: never started: make all":             {State: Failed, Reason: "never started"},
		"job 1: was killed (by the user) after 3s: make all": {State: Killed, Reason: "by the user", Duration: 3 * time.Second},
		"job 1: timed out (still running after 1h0m0s) after 1h0m3s: make all": {
			State: TimedOut, Reason: "still running after 1h0m0s", Duration: time.Hour + 3*time.Second},
		"job 1: is lost: nobody knows: make all": {State: Lost, Note: "nobody knows"},
		"job 1: is paused: make all":             {State: "paused"},
	} {
		r.ID, r.Command = "1", []string{"make", "all"}
		if got := r.Summary(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A command is shown as a shell would take it, in a line, and does nothing to a terminal.
func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		r    Record
		want string
	}{
		{Record{Command: []string{"make", "-j4", "CC=cc"}}, "make -j4 CC=cc"},
		{Record{Command: []string{"sh", "-c", "a && b"}}, "sh -c 'a && b'"},
		{Record{Command: []string{"a", "", "it's", "ü"}}, `a '' 'it'\''s' 'ü'`},
		{Record{Command: []string{"a\nb", "\x1b[31m'\""}}, `$'a\nb' $'\x1b[31m\'"'`},
		{Record{Command: []string{"/bin/sh"}, Script: "\nset -e\nmake\n"}, "/bin/sh <<< 'set -e ...'"},
		{Record{Command: []string{"bash", "-x"}, Script: "make\n"}, "bash -x <<< make"},
	} {
		if got := c.r.CommandLine(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
