package main

import (
	"fmt"
	"io"
)

func writeHelp(w io.Writer, all []Peer) {
	fmt.Fprintf(w, `bench measures one echo call, parent process to child process and back, for each
peer on each workload, in one run, so that the ratios can be trusted where the
times of a noisy machine can't; and streams from the child, and its start.

  go run .                                     everything
  go run . -targets                            the project's goals, and whether they are met
  go run . -peer net-rpc -workload rtt-64B     one figure
  go run . -json -rounds 9 -d 3s               for a program to read
  go run . -sweep -json >DIR/sweep.json        and then: go run ./plot DIR

flags:
  -json            one JSON object a line instead of the table
  -gobench         one line a round instead of the table, as go test -bench prints
                   them, for benchstat
  -targets         the goals instead of the table; measures what they need, unless
                   peers are listed
  -sweep           other workloads: payloads of %s to %s, and 1 to %d calls in
                   flight; and of the peers only the main ones, unless they are listed
  -peer LIST       comma-separated peers (default all)
  -workload LIST   comma-separated workloads (default all)
  -d D             time of one measurement, after a warm-up of a fifth of it (default %v)
  -rounds N        rounds, each of them over all peers; medians are reported (default %d)

peers:
`, sizeName(leastSwept), sizeName(mostSwept), mostInFlight, defaultDuration, defaultRounds)
	for _, p := range all {
		info := p.Info()
		fmt.Fprintf(w, "  %-23s %s\n", info.Name, info.About)
		if info.MaxInFlight > 0 {
			fmt.Fprintf(w, "  %-23s (at most %d in flight: workloads with more are left out)\n", "", info.MaxInFlight)
		}
	}
	fmt.Fprint(w, "\nworkloads:\n")
	for _, wl := range workloads {
		fmt.Fprintf(w, "  %-23s %s\n", wl.Name, wl.about())
	}
	fmt.Fprintf(w, `
columns (JSON key):
  us/call (ns_per_call)  wall time / calls
  p50, p99 (.._ns)       latency of the single calls
  MB/s (mb_per_s)        payload bytes, one way, a second / 1e6
  x raw, x raw p50       us/call and p50 as multiples of %s's
  x mux                  us/call as a multiple of %s's

Every echo is checked; exit status 1 means that a peer failed or echoed wrongly,
2 a usage error. README.md says how to add a peer.
`, baseline, muxByHand)
}
