package main

import (
	"fmt"
	"slices"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/chart"
	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
)

// histogramRows is how many rows a histogram has at most, if not all decades are more.
const histogramRows = 20

// histogram draws the latencies of one level, if it has any: a row for each bucket.
func (p picture) histogram(level load.Level) []string {
	bounds, counts := load.Align([]load.Level{level}, histogramRows)
	if len(bounds) == 0 {
		return nil
	}
	var from, to, calls, shares []string
	for i, n := range counts[0] {
		from, to = append(from, bounds[i].String()), append(to, bounds[i+1].String())
		calls = append(calls, chart.Count(n))
		shares = append(shares, fmt.Sprintf("%.2f%%", 100*float64(n)/float64(level.Calls)))
	}
	from, to, calls, shares = chart.Right(from), chart.Right(to), chart.Right(calls), chart.Right(shares)
	most := float64(slices.Max(counts[0]))
	lines := []string{p.in(heading, "latency, calls, and their share")}
	for i, n := range counts[0] {
		text := from[i] + " – " + to[i] + chartGap + calls[i] + chartGap + shares[i] + chartGap
		lines = append(lines, text+p.in(filling, chart.Bar(float64(n), most, p.room(text))))
	}
	return lines
}
