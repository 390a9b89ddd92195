package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/term"
)

const (
	shownLines = 12  // of what a tool says
	shownWidth = 160 // of a line of it, in characters
)

// screen shows the steps, each with a heading on its left.
type screen struct {
	out      *os.File
	coloured bool
	writing  *sync.Mutex
}

func newScreen(out *os.File) screen {
	coloured := term.IsTerminal(int(out.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return screen{out, coloured, new(sync.Mutex)}
}

// The colours are those of SGR, the sequences of terminals.
const (
	plain = ""
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
	blue  = "34"
)

// show shows a message of the conversation; of its calls, each is shown when it is its turn.
func (s screen) show(m message) {
	switch {
	case m.Role == "user":
		s.print("task", bold, m.Text)
	case m.Role == "tool" && m.Failed != "":
		s.print("", red, beginning(m.Failed+": "+m.Text))
	case m.Role == "tool":
		s.print("", faint, beginning(m.Text))
	case m.Role == "job" && m.Failed != "":
		s.print("job", red, beginning(m.Text))
	case m.Role == "job":
		s.print("job", plain, beginning(m.Text))
	case len(m.Calls) == 0 && m.Failed == "":
		s.print("answer", green, m.Text)
	case m.Text != "":
		s.print("agent", plain, m.Text)
	}
}

// showNext shows the call whose turn it is, if there is one: as a whole, since somebody may have
// to approve it.
func (s screen) showNext(said conversation) {
	if open := said.unanswered(); len(open) > 0 {
		s.print(open[0].Name, blue, open[0].String())
	}
}

// note shows what is no part of the conversation.
func (s screen) note(heading, text string) { s.print(heading, faint, text) }

// ask shows a question.
func (s screen) ask(question string) {
	s.writing.Lock()
	defer s.writing.Unlock()
	end := "\n"
	if s.coloured { // there is somebody who types the end of the line
		end = " "
	}
	fmt.Fprintf(s.out, "%-8s%s%s", "", s.colour(bold, question), end)
}

// print prints a text.
func (s screen) print(heading, colour, text string) {
	heading = strings.Join(strings.Fields(harmless(heading)), " ") // a model has named the tool
	s.writing.Lock()
	defer s.writing.Unlock()
	for line := range strings.SplitSeq(harmless(strings.TrimRight(text, "\n")), "\n") {
		fmt.Fprintf(s.out, "%s%s\n", s.colour(bold, fmt.Sprintf("%-7s ", heading)), s.colour(colour, line))
		heading = ""
	}
}

// beginning returns a text without what is too long of it.
func beginning(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if more := len(lines) - shownLines; more > 1 {
		lines = append(lines[:shownLines:shownLines], fmt.Sprintf("... and %d more lines", more))
	}
	for i, line := range lines {
		if runes := []rune(line); len(runes) > shownWidth {
			lines[i] = string(runes[:shownWidth]) + "..."
		}
	}
	return strings.Join(lines, "\n")
}

// colour colours a text.
func (s screen) colour(code, text string) string {
	if !s.coloured || code == plain {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// harmless takes out of a text what would make a terminal do something, or show it as another
// one than it is.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || unicode.IsGraphic(r):
			return r
		case r == '\t':
			return ' '
		}
		return unicode.ReplacementChar
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}
