package main

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
)

// powers has a tick at every power of base, from 1 on.
type powers struct {
	base float64
	name func(float64) string
}

func (p powers) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for v := 1.0; v <= most; v *= p.base {
		if v >= least {
			ticks = append(ticks, plot.Tick{Value: v, Label: p.name(v)})
		}
	}
	return ticks
}

// oneTwoFive has a tick at 1, 2 and 5 of every power of ten.
type oneTwoFive struct{}

func (oneTwoFive) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for power := math.Pow(10, math.Floor(math.Log10(least))); power <= most; power *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * power; v >= least && v <= most {
				ticks = append(ticks, plot.Tick{Value: v, Label: shortNumber(v)})
			}
		}
	}
	return ticks
}

func shortNumber(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%.4g", v)
}

func sizeName(bytes float64) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%g MiB", bytes/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%g KiB", bytes/(1<<10))
	}
	return fmt.Sprintf("%g B", bytes)
}
