package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	maxLatency     = int64(time.Minute) // ns; slower calls count as this
	latencyDigits  = 3                  // significant decimal digits of p50 and p99
	medianQuantile = 50
	tailQuantile   = 99
)

// A round is one measurement of one peer on one workload.
type round struct {
	calls               int64
	nsPerCall, p50, p99 float64
}

// latencies are the times of single calls.
type latencies struct{ ns *hdrhistogram.Histogram }

func newLatencies() latencies {
	return latencies{hdrhistogram.New(1, maxLatency, latencyDigits)}
}

func (l latencies) add(d time.Duration) error {
	return l.ns.RecordValue(min(int64(d), maxLatency))
}

// merged sums the counts itself, since the library's Merge takes longer for 64 callers than
// a short measurement.
func merged(all []latencies) latencies {
	sum := all[0].ns.Export()
	for _, l := range all[1:] {
		for i, n := range l.ns.Export().Counts {
			sum.Counts[i] += n
		}
	}
	return latencies{hdrhistogram.Import(sum)}
}

// over makes a round of the calls, which took the wall time together.
func (l latencies) over(wall time.Duration) round {
	calls := l.ns.TotalCount()
	return round{
		calls:     calls,
		nsPerCall: float64(wall.Nanoseconds()) / float64(calls),
		p50:       float64(l.ns.ValueAtQuantile(medianQuantile)),
		p99:       float64(l.ns.ValueAtQuantile(tailQuantile)),
	}
}
