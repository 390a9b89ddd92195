package conformance_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/kinwire/kinwire/conformance"
)

// In the tests of a worker.
func ExampleTest() {
	_ = func(t *testing.T) {
		conformance.Test(t, conformance.Worker{Command: []string{"python3", "worker.py"}}, conformance.Options{})
	}
}

func ExampleRun() {
	worker := conformance.Worker{Command: []string{"sh", "-c", "echo 'I am no worker' >&2; exit 3"}}
	results, err := conformance.Run(context.Background(), worker, conformance.Options{Cases: []string{"stdio/start/handshake"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for r := range results {
		fmt.Println(r.Verdict, r.Name())
		fmt.Println(r.Expected)
	}
	// Output:
	// FAIL stdio/start/handshake
	// Initialized
}
