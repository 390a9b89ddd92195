package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/kinwire/kinwire/conformance"
)

// checkup is one `kinwire check`: the cases, and the printing of what comes of them.
type checkup struct {
	*session
	checkOptions
	report  checkReport
	printer checkPrinter
	watched bool // somebody is there to see the progress
	shares  bool // the results are for the same eyes as the progress
}

// runCheck puts a worker through the cases until all are done or a signal comes. It returns
// errFailed or nil.
func runCheck(o checkOptions, stdout, stderr *os.File) error {
	stops := catchSignals()
	defer stops.release()
	c := &checkup{
		session: &session{
			stdout:  newLineWriter(stdout, stdoutLimit),
			console: newConsole(stderr),
			stops:   stops,
		},
		checkOptions: o,
		report:       checkReport{plan: o.forConformance().Plan(), started: time.Now()},
		printer:      checkPrinterFor(o, stdout),
		watched:      isTerminal(stderr),
		shares:       isTerminal(stdout),
	}
	over := make(chan struct{})
	go func() { // until all is printed; a second signal does not wait for whoever does not read
		defer close(over)
		c.run()
		if c.report.failed > 0 {
			c.failed.Store(true)
		}
	}()
	c.awaitUnlessKilled(over)
	c.flush()
	c.awaitUnlessKilled(c.console.close())
	if c.failed.Load() || stops.second.Err() != nil {
		return errFailed
	}
	return nil
}

// run runs the cases, prints what comes of them, and sums it up.
func (c *checkup) run() {
	if _, err := exec.LookPath(c.command[0]); err != nil { // each case would say so
		c.fail(fmt.Errorf("%s can't be started: %w", c.command[0], errors.Unwrap(err)))
		return
	}
	ctx, cancel := context.WithCancel(c.stops.first)
	defer cancel()
	results, err := conformance.Run(ctx, conformance.Worker{Command: c.command}, c.forConformance())
	if err != nil {
		c.fail(err)
		return
	}
	arrived, over := make(chan conformance.Result), make(chan struct{})
	go func() { // until the end of ctx; over tells when nothing is left of the workers
		defer close(over)
		defer close(arrived)
		for r := range results {
			select {
			case arrived <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	c.follow(ctx, arrived)
	cancel()
	c.awaitUnlessKilled(over)
	c.sumUp()
}

// follow prints each result, and shows how far the cases are, until all are there, a signal
// comes, or nobody reads the results any more.
func (c *checkup) follow(ctx context.Context, arrived <-chan conformance.Result) {
	again := time.NewTicker(progressEvery)
	defer again.Stop()
	defer c.console.clear()
	for {
		select {
		case r, ok := <-arrived:
			if !ok {
				return
			}
			c.report.add(r)
			c.print(c.printer.result(r))
		case <-again.C:
			if c.watched {
				c.console.show(c.report.progress())
			}
		case <-ctx.Done():
			return
		case <-c.stdout.broken:
			return
		}
	}
}

// print prints lines, and not into the progress.
func (c *checkup) print(lines []byte) {
	if c.watched {
		c.console.clear()
		c.console.settle()
	}
	// Why it can't be printed, the end of the session tells.
	_ = c.stdout.print(lines)
	if c.shares {
		c.stdout.drain(time.Second)
	}
}

// sumUp prints the summary, and tells what was not run.
func (c *checkup) sumUp() {
	c.report.took = time.Since(c.report.started)
	if c.stops.first.Err() != nil {
		c.fail(fmt.Errorf("%v: %s", context.Cause(c.stops.first), c.report.cutShort()))
	}
	if c.report.late > 0 {
		c.fail(fmt.Errorf("there was no time for %d of %d cases: the worker starts slowly, or the machine is busy; --case or --transport chooses fewer", c.report.late, len(c.report.plan)))
	}
	c.print(c.printer.summary(c.report))
}

// listCases prints the cases that are chosen.
func listCases(o checkOptions, stdout, stderr *os.File) error {
	stops := catchSignals()
	defer stops.release()
	s := &session{stdout: newLineWriter(stdout, stdoutLimit), console: newConsole(stderr), stops: stops}
	_ = s.stdout.print(checkPrinterFor(o, stdout).list(o.chosenCases()))
	s.flush()
	s.awaitUnlessKilled(s.console.close())
	if s.failed.Load() {
		return errFailed
	}
	return nil
}
