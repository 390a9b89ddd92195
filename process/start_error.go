package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// StartError says that a command could not be started. Nothing of it is left.
type StartError struct {
	Command string // Args[0], as given
	Cause   Cause
	Detail  string // what went wrong, in words
	Err     error  // the system's error, for errors.Is: syscall.ENOENT, syscall.EMFILE, ...
}

// Cause tells who must do something about a StartError.
type Cause int

const (
	// CauseCommand: the Command itself can't be used, as its arguments are missing, too
	// large, or hold a NUL byte.
	CauseCommand Cause = iota + 1
	// CauseDir: Command.Dir is missing, no directory, or closed to this user.
	CauseDir
	// CauseProgram: the program is missing, or not one that this user can execute here.
	CauseProgram
	// CauseHost: the host or the system is short of descriptors, processes or memory. The
	// only cause that may pass by itself.
	CauseHost
	// CauseCgroup: Command.Cgroup can't be used as it asks.
	CauseCgroup
	// CauseCaller: the caller has given up: the context of the start has ended, or the
	// Registry was closed.
	CauseCaller
)

// String returns "command", "directory", "program", "host", "cgroup" or "caller".
func (c Cause) String() string {
	return map[Cause]string{
		CauseCommand: "command", CauseDir: "directory", CauseProgram: "program",
		CauseHost: "host", CauseCgroup: "cgroup", CauseCaller: "caller",
	}[c]
}

// Error returns a line such as: start "nosuch": not found in PATH: no such file or directory
func (e *StartError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("start %q: %v", e.Command, e.Err)
	}
	return fmt.Sprintf("start %q: %s: %v", e.Command, e.Detail, e.Err)
}

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// newStartError finds out what err means for c. The system answers ENOENT and EACCES for
// the directory, the program and its interpreter alike, so it looks at each of them.
func newStartError(c Command, err error) *StartError {
	e := &StartError{Err: systemError(err)}
	if len(c.Args) > 0 {
		e.Command = c.Args[0]
	}
	switch {
	case errors.Is(err, errCommand):
		e.Cause = CauseCommand
	case errors.Is(err, errCgroup):
		e.Cause, e.Err = CauseCgroup, err
		if isShortage(err) {
			e.Cause = CauseHost
		}
	case errors.Is(err, ErrRegistryClosed):
		e.Cause = CauseCaller
	case isOpen(err):
		e.Cause, e.Detail = CauseHost, "can't open "+os.DevNull
	case errors.Is(err, syscall.E2BIG):
		e.Cause, e.Detail = CauseCommand, "its arguments and environment are too large"
	case errors.Is(err, syscall.EINVAL):
		e.Cause, e.Detail = CauseCommand, "the system refuses its arguments, environment or files"
	case errors.Is(err, exec.ErrNotFound):
		e.Cause, e.Detail, e.Err = CauseProgram, "not found in PATH", syscall.ENOENT
	case errors.Is(err, exec.ErrDot):
		e.Cause = CauseProgram
	case errors.Is(err, syscall.ENOEXEC):
		e.Cause, e.Detail = CauseProgram, "neither a program for this system nor a script that begins with #!"
	case errors.Is(err, syscall.ETXTBSY):
		e.Cause, e.Detail = CauseProgram, fmt.Sprintf("its file was open for writing at each of %d tries", len(busyWaits)+1)
	case c.Cgroup.isRefused(err) && isExecutable(programPath(c)):
		e.Cause, e.Detail = CauseCgroup, fmt.Sprintf("the system does not start it in the cgroup %q", c.Cgroup.Dir)
	case isAboutPath(err):
		e.lookAtPaths(c)
	default:
		e.Cause, e.Detail = CauseHost, "no pipe or process could be made for it"
	}
	return e
}

// newGivenUp returns the error of a start whose context has ended.
func newGivenUp(c Command, ctx context.Context) *StartError {
	e := &StartError{Cause: CauseCaller, Detail: "given up", Err: contextError(ctx)}
	if len(c.Args) > 0 {
		e.Command = c.Args[0]
	}
	return e
}

// lookAtPaths tells a bad directory, a bad program and a bad interpreter apart.
func (e *StartError) lookAtPaths(c Command) {
	if err := checkDir(c.Dir); err != nil {
		e.Err = systemError(err)
		e.Cause, e.Detail = CauseDir, fmt.Sprintf("its directory %q", c.Dir)
		return
	}
	e.Cause = CauseProgram
	info, err := os.Stat(programPath(c))
	switch {
	case err != nil:
		e.Detail = "no such program"
		if errors.Is(err, fs.ErrPermission) {
			e.Detail = "its path is closed to this user"
		}
	case info.IsDir():
		e.Detail = "is a directory"
	case errors.Is(e.Err, fs.ErrNotExist), errors.Is(e.Err, syscall.EISDIR), isBadInterpreter(e.Err):
		e.Detail = "it is there, but the interpreter or loader that it asks for is not"
		if hasCarriageReturn(programPath(c)) {
			e.Detail += " (its first line ends with a carriage return)"
		}
	default:
		e.Detail = "not executable by this user"
	}
}

// hasCarriageReturn reports whether a script begins with a line as Windows ends it, which names
// an interpreter that nobody has.
func hasCarriageReturn(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 256) // Linux reads no more of the line either
	n, _ := io.ReadFull(f, head)
	line, _, found := bytes.Cut(head[:n], []byte("\n"))
	return found && bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("\r"))
}

// isAboutPath reports whether err is one that a path can cause.
func isAboutPath(err error) bool {
	for _, each := range []error{
		fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.ELOOP, syscall.EISDIR, syscall.ENAMETOOLONG,
	} {
		if errors.Is(err, each) {
			return true
		}
	}
	return isBadInterpreter(err)
}

// isShortage reports whether err says that there is no room for one more file.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// checkDir returns why dir can't be entered, or nil. Asking for "." in it needs the same
// permission as entering it.
func checkDir(dir string) error {
	if dir == "" {
		return nil
	}
	_, err := os.Stat(dir + string(filepath.Separator) + ".")
	return err
}

// programPath returns where the system looked for the program.
func programPath(c Command) string {
	path := c.Args[0]
	if !strings.ContainsRune(path, filepath.Separator) {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}

// systemError takes the system's error out of one of package os.
func systemError(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	var callErr *os.SyscallError
	if errors.As(err, &callErr) {
		return callErr.Err
	}
	return err
}

// isOpen reports whether err is about a file that was opened for the command: /dev/null.
func isOpen(err error) bool {
	var pathErr *fs.PathError
	return errors.As(err, &pathErr) && pathErr.Op == "open"
}
