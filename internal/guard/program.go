package guard

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// ErrGuest means that Go is only a guest in the program that runs, which would begin with
// its own business if it were started again.
var ErrGuest = errors.New("this program can't be started again in a role")

// Program returns the file to execute for a process with a role: the program that runs. On
// Linux it is the running one even if it has been replaced or removed meanwhile.
func Program() (string, error) { return program() }

// program is a variable so that a test can have another one.
var program = sync.OnceValues(func() (string, error) {
	if mode := buildMode(); mode != "" && mode != "exe" && mode != "pie" {
		return "", fmt.Errorf("%w: its Go code was built with -buildmode=%s", ErrGuest, mode)
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
