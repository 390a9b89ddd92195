package main

import "fmt"

// A figure of a result.
type figure struct {
	name string
	of   func(Result) float64
	more bool // is better
}

var (
	mean       = figure{name: "mean", of: func(r Result) float64 { return r.NsPerCall }}
	middle     = figure{name: "p50", of: func(r Result) float64 { return r.P50Ns }}
	throughput = figure{name: "bytes/s", of: func(r Result) float64 { return r.MBPerS }, more: true}
)

// figures are results by workload and peer.
type figures map[[2]string]Result

func figuresOf(results []Result) figures {
	f := figures{}
	for _, r := range results {
		f[[2]string{r.Workload, r.Peer}] = r
	}
	return f
}

// ratio returns what a figure of a peer is as a multiple of another peer's, if both have
// the workload.
func (f figures) ratio(of figure, workload, peer, yardstick string) (float64, bool) {
	a, ok := f[[2]string{workload, peer}]
	b, also := f[[2]string{workload, yardstick}]
	if !ok || !also {
		return 0, false
	}
	return of.of(a) / of.of(b), true
}

// ratioText is ratio for a table.
func (f figures) ratioText(of figure, workload, peer, yardstick string) string {
	x, ok := f.ratio(of, workload, peer, yardstick)
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.2f", x)
}
