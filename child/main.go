package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// stderrTime is how long the last line may take: nobody may be reading standard error.
const stderrTime = 250 * time.Millisecond

// Main runs the worker on the link that its host has given it, and exits the process. It is
// the last call of a worker's main function; the package comment lists the exit codes.
//
// Anything that the program prints on standard output or standard error reaches the host as
// lines of its log, over any transport.
func (w *Worker) Main() {
	code, err := w.main()
	if err != nil {
		printed := make(chan struct{})
		go func() { // ends with the process at the latest
			defer close(printed)
			fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		}()
		within(printed, stderrTime)
	}
	os.Exit(code)
}

func (w *Worker) main() (code int, err error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	// Not signal.Ignore, which the worker's own children would inherit.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		// It ends with the process.
		for sig := range signals {
			if sig == syscall.SIGTERM {
				cancel(errors.New("SIGTERM"))
			}
		}
	}()
	conn, err := connect()
	if err != nil {
		return wire.ExitUsage, err
	}
	err = w.Serve(ctx, conn)
	var broken *wire.Violation
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &broken):
		return wire.ExitViolation, broken
	case errors.Is(err, ErrHostGone):
		return wire.ExitOrphaned, err
	}
	return 1, err
}
