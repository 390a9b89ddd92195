package main

import (
	"bufio"
	"os"
	"strings"

	"golang.org/x/term"
)

// answers are the lines of standard input, in lower case and without the space around them, and
// closed at its end. Of what somebody types at a terminal one line is kept, to be forgotten
// before the next question; of what comes from elsewhere each line waits for its question.
type answers chan string

// newAnswers begins to read. A read can't be interrupted, so the goroutine that does it goes on to
// the end of the program.
func newAnswers() answers {
	a := make(answers)
	if term.IsTerminal(int(os.Stdin.Fd())) {
		a = make(answers, 1)
	}
	go a.read()
	return a
}

func (a answers) read() {
	defer close(a)
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		line := strings.ToLower(strings.TrimSpace(s.Text()))
		if cap(a) == 0 {
			a <- line
			continue
		}
		select {
		case a <- line:
		default:
		}
	}
}

// forget drops what was typed before there is a question to it.
func (a answers) forget() {
	for len(a) > 0 {
		<-a
	}
}
