// Package reexec starts the program that runs once more, to be something small instead of
// itself: to play a role.
//
// Whoever plays a role asks [Role] in an init function of a package that needs little, so
// that it is among the first that are initialised: nothing of the program's own runs then.
// So a host gets helpers that are always there and of its own version, and its author does
// nothing for it.
package reexec

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// variable is what gives a process its role: "<name> <word>".
const variable = "KINWIRE_ROLE"

// name and word are the role of this process; empty in an ordinary one.
var name, word string

// A variable that somebody inherits does no harm: a role has its name as its first argument
// as well. And it is gone before anybody else can inherit it.
func init() {
	value, ok := os.LookupEnv(variable)
	if !ok {
		return
	}
	os.Unsetenv(variable)
	role, told, _ := strings.Cut(value, " ")
	if len(os.Args) > 0 && os.Args[0] == role {
		name, word = role, told
	}
}

// Role reports whether this process was started to play a role, and the word that came with
// it. The arguments are in os.Args, after the role.
func Role(role string) (told string, ok bool) {
	return word, name == role && role != ""
}

// Env returns the environment variable that gives a process its role, if its first argument
// is the role, too.
func Env(role, word string) string {
	return variable + "=" + role + " " + word
}

// ErrImpossible means that the program that runs can't be started again in a role.
var ErrImpossible = errors.New("this program can't be started again in a role")

// Path returns the file to execute. On Linux it is the running one even if it has been
// replaced or removed meanwhile. The error is ErrImpossible if Go is only a guest in the
// program, as it would begin with its own business then.
func Path() (string, error) { return path() }

var path = sync.OnceValues(func() (string, error) {
	if mode := buildMode(); mode != "" && mode != "exe" && mode != "pie" {
		return "", fmt.Errorf("%w: its Go code was built with -buildmode=%s", ErrImpossible, mode)
	}
	if runtime.GOOS == "linux" {
		const self = "/proc/self/exe"
		if _, err := os.Stat(self); err == nil {
			return self, nil
		}
	}
	return os.Executable()
})

// buildMode returns how the code was built, or "" if that was not recorded.
func buildMode() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "-buildmode" {
			return s.Value
		}
	}
	return ""
}
