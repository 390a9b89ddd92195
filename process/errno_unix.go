//go:build unix

package process

import (
	"errors"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// isBadInterpreter reports whether err says that the interpreter which a program names can't
// be one.
func isBadInterpreter(err error) bool {
	const libBad = syscall.Errno(80) // ELIBBAD, which only Linux has
	return runtime.GOOS == "linux" && errors.Is(err, libBad)
}

// isExecutable reports whether this user can execute the program.
func isExecutable(path string) bool { return unix.Access(path, unix.X_OK) == nil }
