//go:build unix

package process

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The limits hold in the program, for what it starts, and nowhere else.
func TestRlimits(t *testing.T) {
	c := Command{
		Args: []string{"sh", "-c", `ulimit -Sn; ulimit -Hn; ulimit -Sc; sh -c 'ulimit -Sf; ulimit -Hf; ulimit -St; ulimit -Ht'; ulimit -Sv; ulimit -Sd`},
		Rlimits: []Rlimit{
			{Resource: LimitOpenFiles, Soft: 40, Hard: 50},
			{Resource: LimitCore},
			{Resource: LimitFileSize, Soft: 1 << 20, Hard: 2 << 20},
			{Resource: LimitCPU, Soft: 100},
			{Resource: LimitAddressSpace, Soft: 1 << 30},
			{Resource: LimitData, Soft: 1 << 29},
		},
	}
	before := run(t, Command{Args: c.Args}).Stdout.Tail
	e := run(t, c)
	got := strings.Fields(string(e.Stdout.Tail))
	// The unit of a file size is that of the shell.
	if len(got) == 9 && got[3] == "1024" {
		got[3], got[4] = "2048", "4096"
	}
	want := []string{"40", "50", "0", "2048", "4096", "100", "100", "1048576", "524288"}
	if !slices.Equal(got, want) || len(e.Stderr.Tail) > 0 {
		t.Errorf("%v, %q, want %v", got, e.Stderr.Tail, want)
	}
	if after := run(t, Command{Args: c.Args}).Stdout.Tail; string(after) != string(before) {
		t.Errorf("the limits of others are %q now, and were %q", after, before)
	}
}

// A command with limits is started like any other.
func TestRlimitsChangeNothingElse(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	facts := func(limits []Rlimit) string {
		c := child(t, "facts", "KINWIRE_ROLE", "A", "PATH", "HOME", "PWD")
		c.Dir, c.Env, c.Extra, c.Rlimits = t.TempDir(), append(c.Env, "A=b c", "HOME"), []*os.File{nil, w, nil, r}, limits
		e := run(t, c)
		if !e.Success() {
			t.Error(e, string(e.Stderr.Tail))
		}
		return strings.ReplaceAll(string(e.Stdout.Tail), c.Dir, "DIR")
	}
	plain := facts(nil)
	if limited := facts([]Rlimit{{Resource: LimitCore}}); limited != plain {
		t.Errorf("with limits:\n%s\nwithout:\n%s", limited, plain)
	}
	e := run(t, Command{Args: []string{"sh", "-c", `echo "$0 $# $1 $2"`, "x  y", "", "ä\n"}, Rlimits: []Rlimit{{Resource: LimitCore}}})
	if got := string(e.Stdout.Tail); got != "x  y 2  ä\n\n" {
		t.Errorf("%q", got)
	}
}

// The errors are the same with limits, and nothing is left either.
func TestRlimitsStartErrors(t *testing.T) {
	limits := []Rlimit{{Resource: LimitOpenFiles, Soft: 20}}
	run(t, Command{Args: []string{"true"}, Rlimits: limits})
	for name, c := range map[string]struct {
		command Command
		cause   Cause
		is      error
		words   string
	}{
		"no args":        {Command{}, CauseCommand, errCommand, "no program"},
		"not in PATH":    {Command{Args: []string{"kinwire-none"}}, CauseProgram, syscall.ENOENT, "PATH"},
		"no such path":   {Command{Args: []string{"/none/such"}}, CauseProgram, os.ErrNotExist, "no such program"},
		"no such dir":    {Command{Args: []string{"true"}, Dir: "/none/such"}, CauseDir, os.ErrNotExist, "/none/such"},
		"not executable": {Command{Args: []string{write(t, 0o644, "")}}, CauseProgram, syscall.EACCES, "not executable"},
		"a directory":    {Command{Args: []string{t.TempDir()}}, CauseProgram, syscall.EACCES, "directory"},
		"no program":     {Command{Args: []string{write(t, 0o755, "hello")}}, CauseProgram, syscall.ENOEXEC, "#!"},
		"no interpreter": {Command{Args: []string{write(t, 0o755, "#!/none/such\n")}}, CauseProgram, os.ErrNotExist, "interpreter"},
		"huge variable":  {Command{Args: []string{"true"}, Env: []string{"X=" + strings.Repeat("x", 4<<20)}}, CauseCommand, syscall.E2BIG, "too large"},
		"NUL":            {Command{Args: []string{"true", "a\x00b"}}, CauseCommand, syscall.EINVAL, "NUL"},
	} {
		t.Run(name, func(t *testing.T) {
			c.command.Rlimits = limits
			failed(t, c.command, c.cause, c.is, c.words)
		})
	}
	for name, c := range map[string]struct {
		limit Rlimit
		is    error
		words string
	}{
		"no such resource": {Rlimit{Resource: 99}, errors.ErrUnsupported, "resource 99"},
		"no resource":      {Rlimit{Soft: 1}, errors.ErrUnsupported, "resource 0"},
	} {
		t.Run(name, func(t *testing.T) {
			failed(t, Command{Args: []string{"true"}, Rlimits: []Rlimit{c.limit}}, CauseCommand, c.is, c.words)
		})
	}
}

// A limit does what it is for.
func TestRlimitBites(t *testing.T) {
	e := run(t, Command{Args: []string{"sh", "-c", "while :; do :; done"}, Rlimits: []Rlimit{{Resource: LimitCPU, Soft: 1, Hard: 2}}})
	if e.State != Signaled || e.Signal != syscall.SIGXCPU {
		t.Error(e)
	}
}
