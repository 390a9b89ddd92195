package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
)

// A Result is one peer on one workload: the medians of its rounds.
type Result struct {
	Peer      string  `json:"peer"`
	Workload  string  `json:"workload"`
	NsPerCall float64 `json:"ns_per_call"`
	P50Ns     float64 `json:"p50_ns"`
	P99Ns     float64 `json:"p99_ns"`
	MBPerS    float64 `json:"mb_per_s"`
}

// summarize takes the median of each figure by itself, and the throughput from the
// median time, so that the two agree.
func summarize(peer string, w Workload, rounds []round) Result {
	of := func(figure func(round) float64) float64 {
		var all []float64
		for _, r := range rounds {
			all = append(all, figure(r))
		}
		return median(all)
	}
	ns := of(func(r round) float64 { return r.nsPerCall })
	return Result{
		Peer:      peer,
		Workload:  w.Name,
		NsPerCall: ns,
		P50Ns:     of(func(r round) float64 { return r.p50 }),
		P99Ns:     of(func(r round) float64 { return r.p99 }),
		MBPerS:    float64(w.Size) / ns * 1e3, // bytes a ns are GB/s
	}
}

// median returns the middle of all, which is not empty; of an even number, the mean of
// the two in the middle.
func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

func writeJSON(w io.Writer, results []Result) error {
	enc := json.NewEncoder(w)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// writeTable prints the results beside the baseline's, where it has the workload.
func writeTable(w io.Writer, results []Result) error {
	floor := map[string]Result{}
	for _, r := range results {
		if r.Peer == baseline {
			floor[r.Workload] = r
		}
	}
	fmt.Fprintf(w, "%s %s/%s, %d CPUs: quote the ratios, not the times\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "workload\tpeer\t%9s\t%9s\t%9s\t%7s\t%6s\t%9s\n",
		"us/call", "p50 us", "p99 us", "MB/s", "x raw", "x raw p50")
	for _, r := range results {
		raw, rawP50 := "-", "-"
		if f, ok := floor[r.Workload]; ok {
			raw = fmt.Sprintf("%.2f", r.NsPerCall/f.NsPerCall)
			rawP50 = fmt.Sprintf("%.2f", r.P50Ns/f.P50Ns)
		}
		fmt.Fprintf(tw, "%s\t%s\t%9.2f\t%9.2f\t%9.2f\t%7.1f\t%6s\t%9s\n",
			r.Workload, r.Peer, r.NsPerCall/1e3, r.P50Ns/1e3, r.P99Ns/1e3, r.MBPerS, raw, rawP50)
	}
	return tw.Flush()
}
