package chart

import "strings"

// barEighths end a bar: so many eighths of a cell, from the left.
var barEighths = []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// Bar draws value as a bar to the right; most would fill the width. What is more than nothing
// can be seen.
func Bar(value, most float64, width int) string {
	n := eighths(value, most, width)
	return strings.Repeat("█", n/8) + barEighths[n%8]
}

// columnEighths are columns of so many eighths of a cell, from the bottom.
var columnEighths = []rune(" ▁▂▃▄▅▆▇█")

// Columns draws each value as a column upwards, so many cells wide; the largest value fills
// its cells. What is more than nothing can be seen. Nothing is drawn behind the last of those.
func Columns(values []int64, wide int) string {
	var most int64
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values {
		b.WriteString(strings.Repeat(string(columnEighths[eighths(float64(v), float64(most), 1)]), wide))
	}
	return strings.TrimRight(b.String(), " ")
}

// eighths is how many eighths of cells a value takes, if most takes that many cells.
func eighths(value, most float64, cells int) int {
	if value <= 0 || most <= 0 {
		return 0
	}
	return max(1, int(min(1, value/most)*float64(cells)*8+0.5))
}
