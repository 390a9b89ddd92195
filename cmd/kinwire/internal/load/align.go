package load

import (
	"slices"
	"time"
)

// series are which bounds of a decade to take, from all of them to one.
var series = [][]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
	{0, 2, 4, 6, 8},
	{0, 3, 7},
	{0},
}

// Align counts the calls of all levels by the same bounds: in the most buckets of at most
// that number, if decades are no more than that. Bounds[i] and bounds[i+1] are those of
// counts[level][i]. Without any calls there are none.
func Align(levels []Level, most int) (bounds []time.Duration, counts [][]int64) {
	from, to := span(levels)
	for _, s := range series {
		bounds = boundsAround(from, to, s)
		if len(bounds) <= most+1 {
			break
		}
	}
	for _, l := range levels {
		counts = append(counts, countBetween(bounds, l.Buckets))
	}
	return bounds, counts
}

// span is where the first bucket begins, and where the last one ends.
func span(levels []Level) (from, to time.Duration) {
	from = 2 * maxLatency
	for _, l := range levels {
		if n := len(l.Buckets); n > 0 {
			from, to = min(from, l.Buckets[0].From), max(to, l.Buckets[n-1].To)
		}
	}
	return from, to
}

// boundsAround returns the bounds of a series, from the last one that is not above from to
// the first that is not below to.
func boundsAround(from, to time.Duration, series []int) (around []time.Duration) {
	if to == 0 {
		return nil
	}
	around = []time.Duration{0}
	for i, b := range bounds {
		switch {
		case !slices.Contains(series, i%len(decade)):
		case b <= from:
			around[0] = b
		default:
			around = append(around, b)
			if b >= to {
				return around
			}
		}
	}
	return around
}

// countBetween counts what is in buckets by bounds, of which each bucket has its own within.
func countBetween(bounds []time.Duration, buckets []Bucket) []int64 {
	counts := make([]int64, max(0, len(bounds)-1))
	i := 0
	for _, b := range buckets {
		for b.From >= bounds[i+1] {
			i++
		}
		counts[i] += b.Calls
	}
	return counts
}
