package chart

import "strings"

// Mark is a text at a cell of an axis.
type Mark struct {
	At   int
	Text string
}

// Axis writes marks below the cells that they are about. Marks come before those behind them
// in the list: one that would touch another is left out, and so is one that is not within
// the width.
func Axis(marks []Mark, width int) string {
	cells := []rune(strings.Repeat(" ", width))
	for _, m := range marks {
		text := []rune("└" + m.Text)
		if end := m.At + len(text); m.At >= 0 && end <= width && isBlank(cells[max(0, m.At-1):min(width, end+1)]) {
			copy(cells[m.At:], text)
		}
	}
	return strings.TrimRight(string(cells), " ")
}

func isBlank(cells []rune) bool {
	return strings.TrimLeft(string(cells), " ") == ""
}
