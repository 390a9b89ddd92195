package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// A chart shows a figure of each peer over a property of the calls, both logarithmic.
type chart struct {
	file, title string
	x, y        axis
	shows       func(result) bool // the results that differ in nothing but x
}

// An axis shows a property of a result.
type axis struct {
	label string
	of    func(result) float64
	ticks plot.Ticker
}

var (
	bySize = axis{
		label: "payload each way, one call in flight",
		of:    func(r result) float64 { return float64(r.Size) },
		ticks: powers{base: 4, name: sizeName},
	}
	byInFlight = axis{
		label: "calls in flight, 64 B each way",
		of:    func(r result) float64 { return float64(r.InFlight) },
		ticks: powers{base: 2, name: shortNumber},
	}
)

func oneInFlight(r result) bool { return r.InFlight == 1 }
func leastSize(r result) bool   { return r.Size == 64 }

var charts = []chart{
	{
		"latency-by-size.svg", "Latency of a call, by payload size", bySize,
		axis{"median latency, µs", func(r result) float64 { return r.P50Ns / 1e3 }, oneTwoFive{}},
		oneInFlight,
	},
	{
		"throughput-by-size.svg", "Throughput, by payload size", bySize,
		axis{"payload one way, MB/s", func(r result) float64 { return r.MBPerS }, oneTwoFive{}},
		oneInFlight,
	},
	{
		"cost-by-in-flight.svg", "Cost of a call, by calls in flight", byInFlight,
		axis{"wall time / calls, µs", func(r result) float64 { return r.NsPerCall / 1e3 }, oneTwoFive{}},
		leastSize,
	},
	{
		"throughput-by-in-flight.svg", "Calls a second, by calls in flight", byInFlight,
		axis{"calls a second", func(r result) float64 { return 1e9 / r.NsPerCall }, oneTwoFive{}},
		leastSize,
	},
}

// save writes the chart of the results in dir.
func (c chart) save(dir string, results []result) error {
	p, legend, err := c.plot(results)
	if err != nil {
		return err
	}
	return writeSVG(filepath.Join(dir, c.file), p, legend)
}

func (c chart) plot(results []result) (*plot.Plot, plot.Legend, error) {
	p := plot.New()
	p.Title.Text = c.title
	p.X.Label.Text, p.Y.Label.Text = c.x.label, c.y.label
	p.X.Tick.Marker, p.Y.Tick.Marker = c.x.ticks, c.y.ticks
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = gridGray, gridGray
	p.Add(grid)
	legend := plot.NewLegend()
	for i, l := range c.lines(results) {
		line, points, err := plotter.NewLinePoints(l.points)
		if err != nil {
			return nil, legend, fmt.Errorf("%s: %w", l.peer, err)
		}
		line.LineStyle, points.GlyphStyle = styleOf(i, l.peer)
		p.Add(line, points)
		legend.Add(l.peer, line, points)
	}
	bigger(p, &legend)
	return p, legend, nil
}

// A line is what a chart shows of one peer.
type line struct {
	peer   string
	points plotter.XYs
}

// lines returns the lines in the order in which the peers were measured.
func (c chart) lines(results []result) []line {
	var lines []line
	for _, r := range results {
		if !c.shows(r) {
			continue
		}
		i := slices.IndexFunc(lines, func(l line) bool { return l.peer == r.Peer })
		if i < 0 {
			i = len(lines)
			lines = append(lines, line{peer: r.Peer})
		}
		lines[i].points = append(lines[i].points, plotter.XY{X: c.x.of(r), Y: c.y.of(r)})
	}
	for _, l := range lines {
		slices.SortFunc(l.points, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	}
	return lines
}
