package chart

import (
	"strconv"
	"time"
)

// units are those of durations, from the largest.
var units = []struct {
	name string
	size time.Duration
}{{"s", time.Second}, {"ms", time.Millisecond}, {"µs", time.Microsecond}, {"ns", time.Nanosecond}}

// Duration writes a duration with three digits, such as 1.20ms, 34.5µs or 678ns.
func Duration(d time.Duration) string {
	step := time.Duration(1)
	for d/step >= 1000 {
		step *= 10
	}
	d = (d + step/2) / step * step
	for _, u := range units {
		if d >= u.size && u.size > 1 {
			return threeDigits(float64(d)/float64(u.size)) + u.name
		}
	}
	return strconv.Itoa(int(d)) + "ns"
}

// Number writes a number that is not negative: with three digits if it is below 1000, such as
// 67.8, and else, like 0, as Count does.
func Number(n float64) string {
	if n > 0 && n < 999.5 {
		return threeDigits(n)
	}
	return Count(int64(n + 0.5))
}

// threeDigits writes a number with three digits before the point, or as many behind it as
// there are too few, two at most.
func threeDigits(n float64) string {
	switch {
	case n < 9.995:
		return strconv.FormatFloat(n, 'f', 2, 64)
	case n < 99.95:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 0, 64)
}

// Count writes a count, such as 1,234,567.
func Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
