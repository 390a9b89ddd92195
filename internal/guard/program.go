package guard

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
)

// ErrGuest means that this code is only a guest in the program that runs, which would begin
// with its own business if it were started again.
var ErrGuest = errors.New("this program can't be started again in a role")

// Program returns the file to execute for a process with a role: the program that runs. On
// Linux it is the running one even if it has been replaced or removed meanwhile.
func Program() (string, error) { return program() }

// program is a variable so that a test can have another one.
var program = sync.OnceValues(func() (string, error) {
	if info, ok := debug.ReadBuildInfo(); ok {
		if err := checkBuild(info); err != nil {
			return "", err
		}
	}
	if runtime.GOOS == "linux" {
		const self = "/proc/self/exe"
		if _, err := os.Stat(self); err == nil {
			return self, nil
		}
	}
	return os.Executable()
})

// checkBuild finds what was recorded about the program that speaks against its having roles.
func checkBuild(info *debug.BuildInfo) error {
	for _, s := range info.Settings {
		if s.Key == "-buildmode" && s.Value != "exe" && s.Value != "pie" {
			return fmt.Errorf("%w: its Go code was built with -buildmode=%s", ErrGuest, s.Value)
		}
	}
	const us = "github.com/kinwire/kinwire"
	ours := func(m *debug.Module) bool { return m.Path == us }
	if len(info.Deps) > 0 && !ours(&info.Main) && !slices.ContainsFunc(info.Deps, ours) {
		return fmt.Errorf("%w: kinwire is in a plugin of it", ErrGuest)
	}
	return nil
}
