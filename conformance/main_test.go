//go:build linux

package conformance

import (
	"flag"
	"iter"
	"os"
	"runtime"
	"strconv"
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
	waitTogether()
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/kinwire/kinwire/process.serveStarts"),
		goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/internal/guard.(*Keeper).watch"))
}

// waitTogether lets more tests run at a time than there are processors, unless the command line
// says how many: most of them wait for what never comes.
func waitTogether() {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		_ = flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))) // a number will do
	}
}

// deviant is a worker that is right but for one deviation. "" is right.
func deviant(name string) Worker {
	return Worker{Command: []string{"/proc/self/exe"}, Env: []string{workerVar + "=" + name, "GORACE=atexit_sleep_ms=0"}}
}

// results are those of a run over which there is nothing to object to.
func results(t *testing.T, w Worker, o Options) iter.Seq[Result] {
	t.Helper()
	all, err := Run(t.Context(), w, o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
