// Command bench measures one echo call (parent process to child process and back)
// through kinwire and through what a user could pick instead, all in one run; and a
// stream from the child, and the start of a child.
//
// The pieces: a [Peer] is one way to call a child process, a [Workload] is what is
// done with it, measure.go drives one through the other (echoes.go, streams.go and
// starts.go, by the kind of the workload), check.go refuses wrong echoes, and
// report.go, goals.go and gobench.go print what came of it. The child processes are
// this same binary, re-executed (child.go).
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// Exit statuses, as the kinwire command has them.
const (
	exitOK     = 0
	exitFailed = 1 // a peer failed, or echoed wrongly
	exitUsage  = 2
)

func main() {
	if code, isChild := serveIfChild(registered()); isChild {
		os.Exit(code)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole command: it measures what args ask for and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	known := registered()
	if len(known) == 0 {
		fmt.Fprintf(stderr, "bench: the peers need socketpairs, so it runs on unix systems only, not on %s\n", runtime.GOOS)
		return exitFailed
	}
	o, err := parseOptions(args, known)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(stdout, known)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitUsage
	}
	for _, missing := range o.missing {
		fmt.Fprintf(stderr, "bench: %v\n", missing)
	}
	if !o.quiet {
		fmt.Fprintf(stderr, "bench: %d measurements of %v, about %v in all\n",
			o.plan.measurements(), o.plan.duration, o.plan.estimate().Round(time.Second))
	}
	all, err := o.plan.measure()
	if werr := o.write(stdout, all); werr != nil {
		err = errors.Join(err, werr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFailed
	}
	return exitOK
}
