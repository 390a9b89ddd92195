package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	defaultDuration = time.Second
	defaultRounds   = 5
)

// options is the command line, understood.
type options struct {
	quiet bool // a program reads the output, and perhaps the terminal's as well
	write func(io.Writer, []series) error
	plan  plan
	// missing says which peers are not measured since something is not there.
	missing []error
}

// parseOptions reads args. Its errors are for the user, and flag.ErrHelp means -h.
func parseOptions(args []string, all []Peer) (options, error) {
	o := options{write: writeTable, plan: plan{stall: defaultStall}}
	var asJSON, asGobench, asGoals, sweep bool
	var peerList, workloadList string
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints the error, or the help
	fs.BoolVar(&asJSON, "json", false, "")
	fs.BoolVar(&asGobench, "gobench", false, "")
	fs.BoolVar(&asGoals, "targets", false, "")
	fs.BoolVar(&sweep, "sweep", false, "")
	fs.StringVar(&peerList, "peer", "", "")
	fs.StringVar(&workloadList, "workload", "", "")
	fs.DurationVar(&o.plan.duration, "d", defaultDuration, "")
	fs.IntVar(&o.plan.rounds, "rounds", defaultRounds, "")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q (see -h)", fs.Arg(0))
	}
	if o.plan.duration <= 0 {
		return o, fmt.Errorf("-d %v: must be above 0", o.plan.duration)
	}
	if o.plan.rounds <= 0 {
		return o, fmt.Errorf("-rounds %d: must be above 0", o.plan.rounds)
	}
	known := workloads
	switch {
	case asJSON && asGobench || asJSON && asGoals || asGobench && asGoals:
		return o, errors.New("-json, -gobench and -targets: only one of them can be printed")
	case sweep && asGoals:
		return o, errors.New("-sweep: the goals of -targets are about other workloads")
	case asJSON:
		o.write, o.quiet = writeJSON, true
	case asGobench:
		o.write, o.quiet = writeGobench, true
	case asGoals:
		o.write = writeGoals
	}
	switch {
	case sweep:
		known = sweepWorkloads()
		if peerList == "" {
			peerList = sweepPeers
		}
	case asGoals && peerList == "":
		all = goalPeers(all)
	}
	asked := peerList != "" && !sweep
	var err1, err2 error
	o.plan.peers, err1 = choose("peer", peerList, all, peerName)
	o.plan.workloads, err2 = choose("workload", workloadList, known, workloadName)
	if err := errors.Join(err1, err2); err != nil {
		return o, err
	}
	if o.plan.peers, o.missing = present(o.plan.peers); asked && len(o.missing) > 0 {
		return o, errors.Join(o.missing...)
	}
	if o.plan.measurements() == 0 {
		return o, errors.New("nothing to measure: none of these peers has any of these workloads (see -h)")
	}
	return o, nil
}

// choose returns those of all that the comma-separated list names, in all's order; an
// empty list names them all.
func choose[T any](kind, list string, all []T, name func(T) string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	valid := names(all, name)
	wanted := map[string]bool{}
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if !slices.Contains(valid, item) {
			return nil, fmt.Errorf("unknown %s %q; valid: %s", kind, item, strings.Join(valid, ", "))
		}
		wanted[item] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !wanted[name(t)] }), nil
}

func names[T any](all []T, name func(T) string) []string {
	var list []string
	for _, t := range all {
		list = append(list, name(t))
	}
	return list
}
