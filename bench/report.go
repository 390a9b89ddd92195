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
	Size      int     `json:"size"`
	InFlight  int     `json:"in_flight"`
	NsPerCall float64 `json:"ns_per_call"`
	P50Ns     float64 `json:"p50_ns"`
	P99Ns     float64 `json:"p99_ns"`
	MBPerS    float64 `json:"mb_per_s"`
}

func summarizeAll(all []series) []Result {
	var results []Result
	for _, s := range all {
		results = append(results, s.summarize())
	}
	return results
}

// summarize takes the median of each figure by itself, and the throughput from the
// median time, so that the two agree.
func (s series) summarize() Result {
	of := func(figure func(round) float64) float64 {
		var all []float64
		for _, r := range s.rounds {
			all = append(all, figure(r))
		}
		return median(all)
	}
	ns := of(func(r round) float64 { return r.nsPerCall })
	return Result{
		Peer:      s.peer,
		Workload:  s.workload.Name,
		Size:      s.workload.Size,
		InFlight:  s.workload.InFlight,
		NsPerCall: ns,
		P50Ns:     of(func(r round) float64 { return r.p50 }),
		P99Ns:     of(func(r round) float64 { return r.p99 }),
		MBPerS:    float64(s.workload.Size) / ns * 1e3, // bytes a ns are GB/s
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

func writeJSON(w io.Writer, all []series) error {
	enc := json.NewEncoder(w)
	for _, r := range summarizeAll(all) {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// machine is the line above a table.
func machine() string {
	return fmt.Sprintf("%s %s/%s, %d CPUs: quote the ratios, not the times",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// writeTable prints the results beside those of the two yardsticks, where they have the
// workload.
func writeTable(w io.Writer, all []series) error {
	results := summarizeAll(all)
	f := figuresOf(results)
	fmt.Fprintf(w, "%s\n\n", machine())
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "workload\tpeer\t%9s\t%9s\t%9s\t%7s\t%6s\t%9s\t%6s\n",
		"us/call", "p50 us", "p99 us", "MB/s", "x raw", "x raw p50", "x mux")
	for _, r := range results {
		speed := "-"
		if r.Size > 0 {
			speed = fmt.Sprintf("%.1f", r.MBPerS)
		}
		fmt.Fprintf(tw, "%s\t%s\t%9.2f\t%9.2f\t%9.2f\t%7s\t%6s\t%9s\t%6s\n",
			r.Workload, r.Peer, r.NsPerCall/1e3, r.P50Ns/1e3, r.P99Ns/1e3, speed,
			f.ratioText(mean, r.Workload, r.Peer, baseline),
			f.ratioText(middle, r.Workload, r.Peer, baseline),
			f.ratioText(mean, r.Workload, r.Peer, muxByHand))
	}
	return tw.Flush()
}
