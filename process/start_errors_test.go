//go:build unix

package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Errors that were once taken for the host's.
func TestStartErrorsOfPaths(t *testing.T) {
	run(t, Command{Args: []string{"true"}})
	long := strings.Repeat("x", 300)
	many := append([]string{"true"}, strings.Fields(strings.Repeat("argument ", 1<<20))...)
	for name, c := range map[string]struct {
		command Command
		cause   Cause
		is      error
		words   string
	}{
		"root":              {Command{Args: []string{"/"}}, CauseProgram, syscall.EISDIR, "is a directory"},
		"this directory":    {Command{Args: []string{"./"}}, CauseProgram, syscall.EACCES, "is a directory"},
		"dots":              {Command{Args: []string{".."}}, CauseProgram, syscall.ENOENT, "PATH"},
		"long name":         {Command{Args: []string{"/" + long}}, CauseProgram, syscall.ENAMETOOLONG, "no such program"},
		"long directory":    {Command{Args: []string{"true"}, Dir: "/" + long}, CauseDir, syscall.ENAMETOOLONG, "directory"},
		"many arguments":    {Command{Args: many}, CauseCommand, syscall.E2BIG, "too large"},
		"Stdin and Input":   {Command{Args: []string{"true"}, Stdin: os.Stdin, Input: os.Stdin}, CauseCommand, errCommand, "Input"},
		"OnLine and chunks": {Command{Args: []string{"true"}, OnLine: func(Line) {}, OnChunk: func(Chunk) {}}, CauseCommand, errCommand, "OnChunk"},
		"kept in a cgroup":  {Command{Args: []string{"true"}, Rest: KeepRest, Cgroup: Cgroup{Dir: "/"}}, CauseCommand, errCommand, "KeepRest"},
		"one stream, kept":  {Command{Args: []string{"true"}, Streams: OneStream, Stdout: os.Stdin}, CauseCommand, errCommand, "OneStream"},
	} {
		t.Run(name, func(t *testing.T) { failed(t, c.command, c.cause, c.is, c.words) })
	}
}

func TestStartErrorOfLoop(t *testing.T) {
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	failed(t, Command{Args: []string{loop}}, CauseProgram, syscall.ELOOP, "no such program")
}

// A FIFO, and a device, are not opened to look at them: that could hang, or have effects.
func TestStartOfFIFO(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o755); err != nil {
		t.Fatal(err)
	}
	failed(t, Command{Args: []string{fifo}}, CauseProgram, syscall.EACCES, "not executable")
}

// These can hardly be brought about.
func TestCausesOfRareErrors(t *testing.T) {
	for err, cause := range map[error]Cause{
		syscall.ENOMEM: CauseHost, syscall.ENOSPC: CauseHost, syscall.ENFILE: CauseHost,
		syscall.EAGAIN: CauseHost, syscall.EIO: CauseHost, syscall.EISDIR: CauseProgram,
		fmt.Errorf("%w: %w", errCgroup, syscall.EMFILE): CauseHost, fmt.Errorf("%w: %w", errCgroup, syscall.EROFS): CauseCgroup,
	} {
		if e := newStartError(Command{Args: []string{"true"}}, err); e.Cause != cause {
			t.Errorf("%v: %v, want %v", err, e.Cause, cause)
		}
	}
}
