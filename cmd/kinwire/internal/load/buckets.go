package load

import (
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bucket is calls that took From or longer, and less than To.
type Bucket struct {
	From, To time.Duration
	Calls    int64
}

// decade are the bounds of buckets up to ten times the first one: the preferred numbers R10,
// each about a quarter above the one before. The bounds of all decades follow the same steps.
var decade = []time.Duration{100, 125, 160, 200, 250, 315, 400, 500, 630, 800}

// bounds are all bounds there are, from 100 ns to beyond maxLatency. Below the first is a
// bucket that begins with 0.
var bounds = func() (all []time.Duration) {
	for scale := time.Duration(1); scale <= 10*maxLatency/decade[0]; scale *= 10 {
		for _, b := range decade {
			all = append(all, b*scale)
		}
	}
	return all
}()

// bucketsOf counts by the bounds, from the first bucket that is not empty to the last. A bar
// that a bound goes through is where most of it is.
func bucketsOf(bars []hdrhistogram.Bar) []Bucket {
	all := []Bucket{{To: bounds[0]}}
	for i, to := range bounds[1:] {
		all = append(all, Bucket{From: bounds[i], To: to})
	}
	first, last := len(all), 0
	for _, bar := range bars {
		if bar.Count == 0 {
			continue
		}
		i, exact := slices.BinarySearch(bounds, time.Duration(bar.From+bar.To)/2)
		if exact {
			i++
		}
		all[i].Calls += bar.Count
		first, last = min(first, i), max(last, i+1)
	}
	return all[min(first, last):last]
}
