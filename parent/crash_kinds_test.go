//go:build unix

package parent

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
)

// The kinds of crash there are, each by a process that really ends so, and what is told of
// them. A Go worker would make a panic of most signals; so this one becomes a shell.

func init() {
	// become answers nothing, and at the first call runs a script in its own place: what
	// Go does with signals is gone, and the process id is the same.
	programs["become"] = func(args []string) {
		first(raw(all))
		panic(syscall.Exec("/bin/sh", []string{"sh", "-c", "ulimit -c 0; " + args[0]}, []string{"PATH=/usr/bin:/bin"}))
	}
}

func TestCrashKinds(t *testing.T) {
	kill := func(sig string) string { return fmt.Sprintf("echo about to die >&2; kill -%s $$", sig) }
	for _, test := range []struct {
		script string
		signal syscall.Signal // 0: an exit
		want   string
	}{
		{kill("SEGV"), syscall.SIGSEGV, "killed by SIGSEGV after "},
		{kill("BUS"), syscall.SIGBUS, "killed by SIGBUS after "},
		{kill("ABRT"), syscall.SIGABRT, "killed by SIGABRT after "},
		{kill("FPE"), syscall.SIGFPE, "killed by SIGFPE after "},
		{kill("ILL"), syscall.SIGILL, "killed by SIGILL after "},
		{kill("SYS"), syscall.SIGSYS, "killed by SIGSYS after "},
		{kill("TRAP"), syscall.SIGTRAP, "killed by SIGTRAP after "},
		{kill("PIPE"), syscall.SIGPIPE, "killed by SIGPIPE after "},
		{kill("XCPU"), syscall.SIGXCPU, "killed by SIGXCPU after "},
		{kill("XFSZ"), syscall.SIGXFSZ, "killed by SIGXFSZ after "},
		{kill("KILL"), syscall.SIGKILL, "killed by SIGKILL (not sent by the host) after "},
		{kill("TERM"), syscall.SIGTERM, "killed by SIGTERM (not sent by the host) after "},
		// What only looks like the death by a signal is what it is: an exit.
		{"echo about to die >&2; exit 137", 0, "exit status 137 after "},
		{"echo about to die >&2; exit 139", 0, "exit status 139 after "},
		{"echo about to die >&2; sh -c 'kill -KILL $$'; exit $?", 0, "exit status 137 after "},
	} {
		t.Run(strings.TrimPrefix(test.script, "echo about to die >&2; "), func(t *testing.T) {
			t.Parallel()
			exit := died(t, start(t, program("become", test.script)), "", nil)
			if !strings.HasPrefix(exit.String(), test.want) || exit.Signal != test.signal || exit.KilledByHost() || exit.Success() {
				t.Errorf("%v: %+v; want %q", exit, exit, test.want)
			}
			if (exit.State == process.Signaled) != (test.signal != 0) || (exit.Code == -1) != (test.signal != 0) {
				t.Errorf("state %v, code %d", exit.State, exit.Code)
			}
			if words := exit.LastWords(); !strings.Contains(words, "about to die") {
				t.Errorf("last words: %q", words)
			}
		})
	}
}

// A shell between host and worker turns a signal into a number. The number is reported, as
// it is what the leader has exited with, and no signal is made up from it.
func TestShellHidesTheSignal(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Command = []string{"sh", "-c", `"$0"; exit $?`, spec.Command[0]}
		spec.Transport = link
		exit := died(t, start(t, spec), "raise", int(syscall.SIGKILL))
		if exit.State != process.Exited || exit.Code != 137 || exit.Signal != 0 {
			t.Errorf("%v", exit)
		}
	})
}

// The stacks that Go prints at its end are in the report, over either link.
func TestGoPanicIsQuoted(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		exit := died(t, start(t, spec), "crash", nil)
		if text := string(exit.Stderr.Tail); exit.Code != 2 || !strings.Contains(text, "panic: famous last words") || !strings.Contains(text, "goroutine ") {
			t.Errorf("%v: %s", exit, text)
		}
	})
}
