//go:build linux

package jobs

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// childVar makes the test binary be one of the hosts in hosts_test.go.
const childVar = "KINWIRE_JOBS_CHILD"

// dieVar names the step at which a process dies, and which time it comes there, such as
// "record:renamed process.json:2".
const dieVar = "KINWIRE_JOBS_DIE"

// Before any init function, as one of them makes this a recorder.
var _ = dieAtStep(os.Getenv(dieVar))

// dieAtStep lets this process die of SIGKILL when it comes to a step.
func dieAtStep(at string) bool {
	who, at, ok := strings.Cut(at, ":")
	name, times, _ := strings.Cut(at, ":")
	left, _ := strconv.Atoi(times)
	is := "host"
	if os.Args[0] == recorderName {
		is = os.Getenv(stageVar)
	}
	if !ok || who != is {
		return false
	}
	step = func(s string) {
		if s != name {
			return
		}
		if left--; left <= 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	return true
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childVar); name != "" {
		os.Unsetenv(childVar)
		programs[name](os.Args[1:])
		os.Exit(0)
	}
	// By default each exit takes a second under the race detector, that of a recorder too.
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	goleak.VerifyTestMain(m)
}
