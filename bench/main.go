// Command bench measures one echo call (parent process to child process and back)
// through kinwire and through what a user could pick instead, all in one run.
//
// The pieces: a [Peer] is one way to call a child process, a [Workload] is what is
// called and how often at once, measure.go drives one through the other, check.go
// refuses wrong echoes, and report.go prints the medians. The child processes are
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
	all := registered()
	if len(all) == 0 {
		fmt.Fprintf(stderr, "bench: the peers need socketpairs, so it runs on unix systems only, not on %s\n", runtime.GOOS)
		return exitFailed
	}
	o, err := parseOptions(args, all)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(stdout, all)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitUsage
	}
	if !o.json {
		fmt.Fprintf(stderr, "bench: %d measurements of %v, about %v in all\n",
			o.plan.measurements(), o.plan.duration, o.plan.estimate().Round(time.Second))
	}
	results, err := o.plan.measure()
	if werr := o.write(stdout, results); werr != nil {
		err = errors.Join(err, werr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFailed
	}
	return exitOK
}
