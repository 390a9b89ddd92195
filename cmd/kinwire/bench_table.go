package main

import (
	"slices"
	"time"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/chart"
	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
)

// table has a row for each level. A narrow one has fewer columns.
func (p picture) table(r report) []string {
	lines := chart.Table(r.columns(), p.width)
	lines[0] = p.in(heading, lines[0])
	return lines
}

// columns are those of the table; MB/s and failed only if there is something in them.
func (r report) columns() (all []chart.Column) {
	add := func(head string, spare int, cell func(load.Level) string) {
		c := chart.Column{Head: head, Spare: spare}
		for _, l := range r.levels {
			c.Cells = append(c.Cells, cell(l))
		}
		all = append(all, c)
	}
	latency := func(head string, spare int, of func(load.Latency) time.Duration) {
		add(head, spare, func(l load.Level) string {
			if l.Calls == 0 {
				return "-"
			}
			return chart.Duration(of(l.Latency))
		})
	}
	add("in flight", 0, func(l load.Level) string { return chart.Count(int64(l.InFlight)) })
	add("calls/s", 0, func(l load.Level) string { return chart.Number(l.Rate()) })
	if r.options.input == "" {
		add("MB/s", 3, func(l load.Level) string { return chart.Number(r.bytesPerSecond(l) / 1e6) })
	}
	latency("mean", 4, func(t load.Latency) time.Duration { return t.Mean })
	latency("p50", 0, func(t load.Latency) time.Duration { return t.P50 })
	latency("p90", 5, func(t load.Latency) time.Duration { return t.P90 })
	latency("p99", 0, func(t load.Latency) time.Duration { return t.P99 })
	latency("p99.9", 2, func(t load.Latency) time.Duration { return t.P999 })
	latency("max", 1, func(t load.Latency) time.Duration { return t.Max })
	if slices.ContainsFunc(r.levels, func(l load.Level) bool { return l.Failed() > 0 }) {
		add("failed", 0, func(l load.Level) string { return chart.Count(l.Failed()) })
	}
	return all
}
