package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/chart"
	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
)

const (
	chartGap     = "  " // between the parts of a line
	leastChart   = 10   // cells, however narrow the terminal is
	widestColumn = 4    // cells
)

// rates draws how many calls a second each level has had.
func (p picture) rates(levels []load.Level) []string {
	most := 0.0
	var numbers []string
	for _, l := range levels {
		most = max(most, l.Rate())
		numbers = append(numbers, chart.Number(l.Rate()))
	}
	names, numbers := levelNames(levels), chart.Right(numbers)
	lines := []string{p.in(heading, "calls/s, by calls in flight")}
	for i, l := range levels {
		text := names[i] + chartGap + numbers[i] + chartGap
		lines = append(lines, text+p.in(filling, chart.Bar(l.Rate(), most, p.room(text))))
	}
	return lines
}

// latencies draws how the latencies of each level are spread, all over the same axis.
func (p picture) latencies(levels []load.Level) []string {
	names := levelNames(levels)
	indent := strings.Repeat(" ", chart.Width(names[0]+chartGap))
	room := p.room(indent)
	bounds, counts := load.Align(levels, room)
	if len(bounds) == 0 {
		return nil
	}
	wide := max(1, min(widestColumn, room/(len(bounds)-1)))
	lines := []string{p.in(heading, "latency, by calls in flight")}
	for i, name := range names {
		lines = append(lines, name+chartGap+p.in(filling, chart.Columns(counts[i], wide)))
	}
	return append(lines, indent+chart.Axis(marks(bounds, wide), room))
}

// marks are those of an axis with columns so wide: the bounds that are a 1 with zeros, then
// those that are a 2 or a 5, then the first one.
func marks(bounds []time.Duration, wide int) (all []chart.Mark) {
	for _, digit := range []string{"1", "2", "5"} {
		for i, b := range bounds {
			if strings.TrimRight(strconv.FormatInt(int64(b), 10), "0") == digit {
				all = append(all, chart.Mark{At: i * wide, Text: b.String()})
			}
		}
	}
	return append(all, chart.Mark{At: 0, Text: bounds[0].String()})
}

// room is how many cells there are behind a text.
func (p picture) room(text string) int { return max(leastChart, p.width-chart.Width(text)) }

// levelNames are what the lines of levels begin with.
func levelNames(levels []load.Level) []string {
	var names []string
	for _, l := range levels {
		names = append(names, chart.Count(int64(l.InFlight)))
	}
	return chart.Right(names)
}
