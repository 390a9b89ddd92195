//go:build unix

package jobs_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/kinwire/kinwire/jobs"
)

func ExampleStore() {
	dir, err := os.MkdirTemp("", "jobs-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := jobs.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	r, err := store.Start(context.Background(), jobs.Spec{Script: "echo working; exit 7"})
	if err != nil {
		log.Fatal(err)
	}
	r, err = store.Wait(context.Background(), r.ID) // in any process, at any time
	if err != nil {
		log.Fatal(err)
	}
	output, err := store.Output(r.ID, 0, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(r.State, " with ", *r.ExitCode, ": ", output)
	// Output: failed with 7: working
}
