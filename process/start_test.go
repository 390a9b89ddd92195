//go:build unix

package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// write makes a file and returns its path.
func write(t *testing.T, mode os.FileMode, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// failed checks that c can't be started, for what reason, and that nothing is left of it.
func failed(t *testing.T, c Command, cause Cause, want error, words string) {
	t.Helper()
	before := openDescriptors(t)
	p, err := Start(context.Background(), c)
	var startErr *StartError
	if !errors.As(err, &startErr) || p != nil {
		t.Fatalf("process %v, error %v", p, err)
	}
	if startErr.Cause != cause || !errors.Is(err, want) || !strings.Contains(err.Error(), words) {
		t.Errorf("%q: cause %v, is %v: %t; want cause %v, %q", err, startErr.Cause, want, errors.Is(err, want), cause, words)
	}
	if len(c.Args) > 0 && (startErr.Command != c.Args[0] || !strings.Contains(err.Error(), c.Args[0])) {
		t.Errorf("%q does not name the command", err)
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%q: %d descriptors, %d before", err, after, before)
	}
}

// openDescriptors counts the descriptors of this process.
func openDescriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestStartErrors(t *testing.T) {
	run(t, Command{Args: []string{"true"}}) // opens what stays open: Go's poller
	file := write(t, 0o644, "")
	closed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		command Command
		cause   Cause
		is      error
		words   string
	}{
		"no args":         {Command{}, CauseCommand, errCommand, "no program"},
		"empty name":      {Command{Args: []string{""}}, CauseCommand, errCommand, "no program"},
		"not in PATH":     {Command{Args: []string{"kinwire-none"}}, CauseProgram, syscall.ENOENT, "PATH"},
		"no such path":    {Command{Args: []string{"/none/such"}}, CauseProgram, os.ErrNotExist, "no such program"},
		"file as parent":  {Command{Args: []string{file + "/x"}}, CauseProgram, syscall.ENOTDIR, "no such program"},
		"no such dir":     {Command{Args: []string{"true"}, Dir: "/none/such"}, CauseDir, os.ErrNotExist, "/none/such"},
		"file as dir":     {Command{Args: []string{"true"}, Dir: file}, CauseDir, syscall.ENOTDIR, file},
		"both missing":    {Command{Args: []string{"/none/such"}, Dir: "/none"}, CauseDir, os.ErrNotExist, "directory"},
		"not executable":  {Command{Args: []string{file}}, CauseProgram, syscall.EACCES, "not executable"},
		"a directory":     {Command{Args: []string{t.TempDir()}}, CauseProgram, syscall.EACCES, "directory"},
		"no program":      {Command{Args: []string{write(t, 0o755, "hello")}}, CauseProgram, syscall.ENOEXEC, "#!"},
		"no interpreter":  {Command{Args: []string{write(t, 0o755, "#!/none/such\n")}}, CauseProgram, os.ErrNotExist, "interpreter"},
		"from Windows":    {Command{Args: []string{write(t, 0o755, "#!/bin/sh\r\necho\r\n")}}, CauseProgram, os.ErrNotExist, "carriage return"},
		"huge variable":   {Command{Args: []string{"true"}, Env: []string{"X=" + strings.Repeat("x", 4<<20)}}, CauseCommand, syscall.E2BIG, "too large"},
		"NUL in argument": {Command{Args: []string{"true", "a\x00b"}}, CauseCommand, syscall.EINVAL, "NUL"},
		"NUL in variable": {Command{Args: []string{"true"}, Env: []string{"X=\x00"}}, CauseCommand, syscall.EINVAL, "NUL"},
		"closed file":     {Command{Args: []string{"true"}, Extra: []*os.File{closed}}, CauseCommand, os.ErrClosed, "closed"},
	} {
		t.Run(name, func(t *testing.T) { failed(t, c.command, c.cause, c.is, c.words) })
	}
}

func TestRelativeProgramStartsFromDir(t *testing.T) {
	path := write(t, 0o755, "#!/bin/sh\nexit 5\n")
	c := Command{Args: []string{"./" + filepath.Base(path)}, Dir: filepath.Dir(path)}
	if e := run(t, c); e.Code != 5 {
		t.Errorf("%v", e)
	}
	c.Args[0] = "./other"
	failed(t, c, CauseProgram, os.ErrNotExist, "no such program")
}

// A program whose file is open for writing is tried again for a while.
func TestBusyProgram(t *testing.T) {
	trueProgram, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(trueProgram)
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, 0o755, string(content))
	writer, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	failed(t, Command{Args: []string{path}}, CauseProgram, syscall.ETXTBSY, "open for writing")
	time.AfterFunc(20*time.Millisecond, func() { writer.Close() })
	if e := run(t, Command{Args: []string{path}}); !e.Success() {
		t.Errorf("%v", e)
	}
}

// What the user may not enter is told apart from what is not there. Root may enter all, so
// that it needs another user.
func TestClosedDirectories(t *testing.T) {
	closed := t.TempDir()
	home := filepath.Dir(closed)
	if err := errors.Join(os.Chmod(home, 0o755), os.Chmod(closed, 0)); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(closed, 0o755)
	out := runUnprivileged(t, "unprivileged", closed)
	want := "directory true\nprogram true\n"
	if out != want {
		t.Errorf("%s, want\n%s", out, want)
	}
}

// runUnprivileged runs a child as a user who is not root, and returns what it prints.
func runUnprivileged(t *testing.T, name string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	self, err := os.ReadFile(must(os.Executable()))
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "self")
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.WriteFile(binary, self, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), childVar+"="+name)
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("this test needs the right to become another user: %v", err)
	}
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return string(out)
}

func init() {
	// unprivileged tries to start something in a directory that is closed to it, and
	// something that lies in it.
	children["unprivileged"] = func(args []string) {
		for _, c := range []Command{
			{Args: []string{"true"}, Dir: args[0]},
			{Args: []string{filepath.Join(args[0], "program")}},
		} {
			_, err := Start(context.Background(), c)
			var startErr *StartError
			if !errors.As(err, &startErr) {
				panic(err)
			}
			os.Stdout.WriteString(startErr.Cause.String())
			if errors.Is(err, os.ErrPermission) {
				os.Stdout.WriteString(" true\n")
			} else {
				os.Stdout.WriteString(" " + err.Error() + "\n")
			}
		}
	}
}
