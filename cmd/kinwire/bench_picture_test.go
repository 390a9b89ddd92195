package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/chart"
	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
	"github.com/kinwire/kinwire/wire"
)

var update = flag.Bool("update", false, "rewrite testdata/bench")

const us, ms = time.Microsecond, time.Millisecond

// The levels of the pictures.
var (
	alone = load.Level{
		InFlight: 1, Elapsed: time.Second, Calls: 24_930,
		Latency: load.Latency{Min: 17 * us, Mean: 39_912, P50: 27_040, P90: 76_400, P99: 111 * us, P999: 187 * us, Max: 734 * us},
		Buckets: []load.Bucket{
			{From: 16 * us, To: 20 * us, Calls: 2_100}, {From: 20 * us, To: 25 * us, Calls: 7_430}, {From: 25 * us, To: 31_500, Calls: 6_900},
			{From: 31_500, To: 40 * us, Calls: 4_000}, {From: 40 * us, To: 50 * us, Calls: 4_450}, {From: 50 * us, To: 63 * us}, {From: 63 * us, To: 80 * us, Calls: 50},
		},
	}
	crowded = load.Level{
		InFlight: 1_000, Elapsed: 2 * time.Second, Calls: 180_002,
		Latency: load.Latency{Min: 90 * us, Mean: 644 * us, P50: 571 * us, P90: 880 * us, P99: 2_040 * us, P999: 5_800 * us, Max: 12 * ms},
		Buckets: []load.Bucket{
			{From: 80 * us, To: 100 * us, Calls: 2}, {From: 100 * us, To: 10 * ms}, {From: 10 * ms, To: 12_500 * us, Calls: 180_000},
		},
		Failures: []load.Failure{
			{Code: "app.own", First: wire.Errorf("app.own", "no\nluck\x1b[2J"), Calls: 1_200},
			{Code: "panicked", First: wire.Errorf("panicked", ""), Calls: 1},
		},
	}
	failing = load.Level{InFlight: 8, Elapsed: time.Second, Failures: []load.Failure{{Code: "failed", First: errors.New("no"), Calls: 3}}}
)

// pictureOf is the report on levels that were called with 64 bytes.
func pictureOf(levels ...load.Level) report {
	return report{
		options: &benchOptions{shared: runOptions{method: "echo"}, duration: time.Second, size: 64},
		worker:  benchWorker{Name: "echo-worker", SDK: "kinwire-go/1", Transport: "socketpair"},
		levels:  levels,
	}
}

func TestPictures(t *testing.T) {
	wide := picture{width: pictureWidth}
	cut := pictureOf(alone)
	cut.interrupted, cut.worker.SDK, cut.options.input = true, "", "1"
	nothing := pictureOf()
	nothing.lost = errors.New("gone")
	for name, c := range map[string]struct {
		picture
		report
	}{
		"ladder":   {wide, pictureOf(alone, failing, crowded)},
		"narrow":   {picture{width: 42}, pictureOf(alone, failing, crowded)},
		"level":    {wide, pictureOf(alone)},
		"wide":     {picture{width: 100}, pictureOf(crowded)},
		"failed":   {wide, pictureOf(failing)},
		"failures": {wide, pictureOf(failing, failing)},
		"cut":      {wide, cut},
		"nothing":  {wide, nothing},
		"coloured": {picture{width: 60, coloured: true}, pictureOf(alone, crowded)},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.draw(c.report)
			compare(t, filepath.Join("testdata", "bench", name+".txt"), string(got))
			checkWidth(t, c.width, string(got))
		})
	}
}

// compare compares with a golden file.
func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant what is in %s, which -update rewrites:\n%s", got, path, want)
	}
}

var escape = regexp.MustCompile("\033\\[[0-9]*m")

// checkWidth looks for lines that are too wide. Those that quote somebody may be.
func checkWidth(t *testing.T, width int, text string) {
	t.Helper()
	for line := range strings.Lines(escape.ReplaceAllString(text, "")) {
		line = strings.TrimSuffix(line, "\n")
		quotes := strings.HasPrefix(line, "echo-worker") || strings.Contains(line, " failed with ")
		if !quotes && chart.Width(line) > width || strings.TrimRight(line, " ") != line {
			t.Errorf("%q is too wide, or has blanks behind it", line)
		}
	}
}
