package main

import (
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		ticks       plot.Ticker
		least, most float64
		want        string
	}{
		{oneTwoFive{}, 0.5, 30, "0.5 1 2 5 10 20"},
		{oneTwoFive{}, 900, 2e6, "1000 2000 5000 10k 20k 50k 100k 200k 500k 1M 2M"},
		{oneTwoFive{}, 6, 9, ""},
		{bySize.ticks, 64, 4 << 20, "64 B,256 B,1 KiB,4 KiB,16 KiB,64 KiB,256 KiB,1 MiB,4 MiB"},
		{byInFlight.ticks, 1, 16, "1 2 4 8 16"},
	} {
		var labels []string
		for _, tick := range c.ticks.Ticks(c.least, c.most) {
			labels = append(labels, tick.Label)
		}
		sep := " "
		if strings.Contains(c.want, ",") {
			sep = ","
		}
		if got := strings.Join(labels, sep); got != c.want {
			t.Errorf("from %g to %g: %s, want %s", c.least, c.most, got, c.want)
		}
	}
}
