package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

const (
	// pictureWidth is how wide a picture is that is for no terminal.
	pictureWidth = 80
	// widestPicture is how wide one gets on the widest of terminals.
	widestPicture = 100
)

// picture draws reports, so many cells wide.
type picture struct {
	width    int
	coloured bool
}

// pictureFor returns what suits a file: a terminal has a width, and colours unless NO_COLOR
// is set or it is a dumb one.
func pictureFor(f *os.File) picture {
	p := picture{width: pictureWidth}
	if !isTerminal(f) {
		return p
	}
	p.coloured = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		p.width = min(width, widestPicture)
	}
	return p
}

// draw draws a report: what was measured, a table of the levels, charts, and what has failed.
func (p picture) draw(r report) []byte {
	sections := [][]string{p.title(r)}
	switch len(r.levels) {
	case 0:
	case 1:
		sections = append(sections, p.table(r), p.histogram(r.levels[0]), p.failures(r.levels))
	default:
		sections = append(sections, p.table(r), p.rates(r.levels), p.latencies(r.levels), p.failures(r.levels))
	}
	var b strings.Builder
	for _, lines := range sections {
		if len(lines) > 0 && b.Len() > 0 {
			b.WriteByte('\n')
		}
		for _, line := range lines {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return []byte(b.String())
}

// title says what was measured.
func (p picture) title(r report) []string {
	worker := r.worker.Name
	if r.worker.SDK != "" {
		worker += " (" + r.worker.SDK + ")"
	}
	with := "the given JSON"
	if r.options.input == "" {
		with = r.options.size.String()
	}
	lines := []string{
		p.in(heading, printable(worker)+" over "+r.worker.Transport),
		fmt.Sprintf("method %q with %s, %v a level", r.options.shared.method, with, r.options.duration),
	}
	if !r.complete() {
		lines = append(lines, p.in(alarm, "cut short"))
	}
	return lines
}
