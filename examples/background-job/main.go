// Background-job starts a command that outlives it, and prints how commands ended: the second
// one here that of the first, though that was killed within these 5 s. Try
//
//	bin/background-job demo sh -c 'sleep 5; echo done'
//	bin/background-job demo
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/kinwire/kinwire/jobs"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: background-job DIR [CMD...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2:]); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, command []string) error {
	store, err := jobs.Open(dir)
	if err != nil {
		return err
	}
	if len(command) > 0 {
		r, err := store.Start(ctx, jobs.Spec{Args: command})
		if err != nil {
			return err
		}
		fmt.Println("started", r.ID)
	}
	followUp := func(_ context.Context, r jobs.Record) error {
		output, err := store.Output(r.ID, 0, 0) // at most 16,000 characters
		if err != nil {
			return err // there is another try in 15 s
		}
		fmt.Printf("%s\n%v", r.Summary(), output)
		return nil // it is acknowledged, and never comes again
	}
	return jobs.Monitor{Store: store, Handle: followUp}.Run(ctx)
}
