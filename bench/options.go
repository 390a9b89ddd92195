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
	json bool
	plan plan
}

// write prints the results in the form that was asked for.
func (o options) write(w io.Writer, results []Result) error {
	if o.json {
		return writeJSON(w, results)
	}
	return writeTable(w, results)
}

// parseOptions reads args. Its errors are for the user, and flag.ErrHelp means -h.
func parseOptions(args []string, all []Peer) (options, error) {
	o := options{plan: plan{stall: defaultStall}}
	var peerList, workloadList string
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints the error, or the help
	fs.BoolVar(&o.json, "json", false, "")
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
	var err1, err2 error
	o.plan.peers, err1 = choose("peer", peerList, all, peerName)
	o.plan.workloads, err2 = choose("workload", workloadList, workloads, workloadName)
	if err := errors.Join(err1, err2); err != nil {
		return o, err
	}
	if o.plan.measurements() == 0 {
		return o, errors.New("nothing to measure: these peers take fewer calls in flight than these workloads make (see -h)")
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

func writeHelp(w io.Writer, all []Peer) {
	fmt.Fprintf(w, `bench measures one echo call, parent process to child process and back, for each
peer on each workload, in one run, so that the ratios can be trusted where the
times of a noisy machine can't.

  go run .                                     everything
  go run . -peer net-rpc -workload rtt-64B     one figure
  go run . -json -rounds 9 -d 3s               for a program to read

flags:
  -json            one JSON object a line instead of the table
  -peer LIST       comma-separated peers (default all)
  -workload LIST   comma-separated workloads (default all)
  -d D             time of one measurement, after a warm-up of a fifth of it (default %v)
  -rounds N        rounds, each of them over all peers; medians are reported (default %d)

peers:
`, defaultDuration, defaultRounds)
	for _, p := range all {
		info := p.Info()
		fmt.Fprintf(w, "  %-20s %s\n", info.Name, info.About)
		if info.MaxInFlight > 0 {
			fmt.Fprintf(w, "  %-20s (at most %d in flight: workloads with more are left out)\n", "", info.MaxInFlight)
		}
	}
	fmt.Fprint(w, "\nworkloads:\n")
	for _, wl := range workloads {
		fmt.Fprintf(w, "  %-20s %s\n", wl.Name, wl.about())
	}
	fmt.Fprintf(w, `
columns (JSON key):
  us/call (ns_per_call)  wall time / calls
  p50, p99 (.._ns)       latency of the single calls
  MB/s (mb_per_s)        payload bytes, one way, a second / 1e6
  x raw, x raw p50       us/call and p50 as multiples of %s's

Every echo is checked; exit status 1 means that a peer failed or echoed wrongly,
2 a usage error. README.md says how to add a peer.
`, baseline)
}
