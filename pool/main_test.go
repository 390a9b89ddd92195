package pool

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// workerVar makes the test binary be one of the programs in programs.
const workerVar = "KINWIRE_POOL_TEST"

// programs are what the test binary can be when a test starts it; see programs_test.go.
var programs = map[string]func(args []string){}

func TestMain(m *testing.M) {
	if name := os.Getenv(workerVar); name != "" {
		os.Unsetenv(workerVar)
		programs[name](os.Args[1:])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/kinwire/kinwire/process.serveStarts"),
		goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/internal/guard.(*Keeper).watch"))
}
