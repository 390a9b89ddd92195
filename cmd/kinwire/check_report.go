package main

import (
	"fmt"
	"time"

	"github.com/kinwire/kinwire/conformance"
)

// checkReport is what has come of the cases so far.
type checkReport struct {
	plan                             []conformance.Planned // what is to run, in the order of the results
	passed, failed, skipped, warning int
	late                             int // those for which there was no time left
	started                          time.Time
	took                             time.Duration // once it is over
}

// add counts a result.
func (r *checkReport) add(result conformance.Result) {
	switch {
	case result.NotRun:
		r.late++
	case result.Verdict == conformance.Pass:
		r.passed++
	case result.Verdict == conformance.Fail:
		r.failed++
	default:
		r.skipped++
	}
	r.warning += len(result.Warnings)
}

// done is how many cases have a result.
func (r *checkReport) done() int { return r.passed + r.failed + r.skipped + r.late }

// notRun is how many cases have none, or were left out for lack of time.
func (r *checkReport) notRun() int { return len(r.plan) - r.done() + r.late }

// cutShort says what was not run, if anything was not.
func (r *checkReport) cutShort() string {
	if r.done() == len(r.plan) {
		return "all cases had been run"
	}
	next := r.plan[r.done()].Name()
	return fmt.Sprintf("%d of %d cases were not run, from %s on", len(r.plan)-r.done(), len(r.plan), next)
}

// progress is what is shown while cases run, such as: 43 of 262 done, 1 failed, 12s
func (r *checkReport) progress() string {
	return fmt.Sprintf("%d of %d done, %d failed, %v",
		r.done(), len(r.plan), r.failed, time.Since(r.started).Round(time.Second))
}
