package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/chart"
	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
	"github.com/kinwire/kinwire/process"
)

// failures says of each level how many calls have failed with which code, and what was said
// the first time.
func (p picture) failures(levels []load.Level) (lines []string) {
	for _, l := range levels {
		for _, f := range l.Failures {
			text := fmt.Sprintf("%s failed with %s in flight: %s", chart.Count(f.Calls), chart.Count(int64(l.InFlight)), f.Code)
			if message := failureOf(f.First).Error.Message; message != "" {
				text += ", first: " + message
			}
			lines = append(lines, p.in(alarm, printable(text)))
		}
	}
	return lines
}

// printable replaces what would do more on a terminal than be seen.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// exitOf is the end of the worker, whatever it meant for the call that was told of it.
func exitOf(lost error) error {
	var exit *process.ExitError
	if !errors.As(lost, &exit) {
		return lost
	}
	return &process.ExitError{Name: exit.Name, PID: exit.PID, Exit: exit.Exit, Sent: true}
}
