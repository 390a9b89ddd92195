package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/term"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/chart"
	"github.com/kinwire/kinwire/jobs"
)

// leastCommand is how much of a command is shown, however narrow the terminal.
const leastCommand = 12

// jobColumn is a column of the table of jobs, set to the left.
type jobColumn struct {
	head string
	cell func(jobs.Record) string
	ink  func(jobs.Record) ink
}

// plain is no colour.
func plain(jobs.Record) ink { return "" }

var jobColumns = []jobColumn{
	{"ID", func(r jobs.Record) string { return r.ID }, plain},
	{"STATE", func(r jobs.Record) string { return string(r.State) }, func(r jobs.Record) ink { return stateInks[r.State] }},
	{"AGE", func(r jobs.Record) string { return age(time.Since(r.StartedAt)) }, plain},
	{"TOOK", took, plain},
	{"SESSION", func(r jobs.Record) string { return orDash(oneLine(r.Session)) }, plain},
}

var stateInks = map[jobs.State]ink{
	jobs.Running: filling, jobs.Succeeded: "\033[32m", jobs.Failed: alarm, jobs.TimedOut: alarm,
	jobs.Lost: "\033[35m", jobs.Killed: "\033[33m",
}

// jobTable has a row for each job, and a head. What is left of the width is the command's, and
// what there is to say about it.
func jobTable(records []jobs.Record, on *os.File) []string {
	p := pictureFor(on)
	most, _, _ := term.GetSize(int(on.Fd())) // 0: no terminal, and so no limit
	lines := make([]string, len(records)+1)
	used := 0
	for _, c := range jobColumns {
		width := chart.Width(c.head)
		for _, r := range records {
			width = max(width, chart.Width(c.cell(r)))
		}
		lines[0] += p.in(heading, padded(c.head, width))
		for i, r := range records {
			lines[i+1] += p.in(c.ink(r), padded(c.cell(r), width))
		}
		used += width + len(gap)
	}
	lines[0] += p.in(heading, "COMMAND")
	for i, r := range records {
		text := r.CommandLine()
		if most > 0 {
			text = cut(text, max(leastCommand, most-used))
		}
		lines[i+1] += text
	}
	return lines
}

// gap is between two columns.
const gap = "  "

// padded returns a text with spaces behind it.
func padded(text string, width int) string {
	return text + strings.Repeat(" ", width-chart.Width(text)) + gap
}

// cut returns the beginning of a text.
func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width-1]) + "…"
}

// orDash returns a dash instead of nothing.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// took is how long a job ran, or has been running.
func took(r jobs.Record) string {
	if r.Duration == 0 && r.State != jobs.Running {
		return "-"
	}
	return age(r.Duration)
}

// age writes a duration in its two largest units, such as 3m20s or 2d4h.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(0, d); {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
}

// oneLine returns a text as a terminal can show it in a line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}
