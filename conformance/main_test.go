//go:build linux

package conformance

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// workerVar makes the test binary be a worker, right but for one deviation, which it names.
const workerVar = "KINWIRE_CONFORMANCE_TEST"

func TestMain(m *testing.M) {
	if name, ok := os.LookupEnv(workerVar); ok {
		os.Unsetenv(workerVar)
		serveRaw(name)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/kinwire/kinwire/process.serveStarts"),
		goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/internal/guard.(*Keeper).watch"))
}

// deviant is a worker that is right but for one deviation. "" is right.
func deviant(name string) Worker {
	return Worker{Command: []string{"/proc/self/exe"}, Env: []string{workerVar + "=" + name, "GORACE=atexit_sleep_ms=0"}}
}
