//go:build unix

package process

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childVar makes the test binary be one of the children in children_test.go.
const childVar = "KINWIRE_PROCESS_CHILD"

func TestMain(m *testing.M) {
	if name := os.Getenv(childVar); name != "" {
		os.Unsetenv(childVar)
		children[name](os.Args[1:])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/kinwire/kinwire/process.serveStarts"),
		goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/internal/guard.(*Keeper).watch"))
}
