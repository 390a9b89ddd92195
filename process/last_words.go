package process

import (
	"regexp"
	"strings"
)

const (
	lastLines = 8
	lastBytes = 1 << 10
	// beforeCrash is how many of the lines are what a program printed before it crashed, and
	// beforeBytes how much of each.
	beforeCrash = 2
	beforeBytes = 200
)

// goCrash is how the report of a Go program begins that has crashed; below are its stacks
// and registers.
var goCrash = regexp.MustCompile(`^(panic|fatal error|SIG(ABRT|BUS|FPE|ILL|QUIT|SEGV|SYS|TRAP)): `)

// LastWords returns what the command said last, for an error message: the last lines of
// standard error, else of standard output, without the empty ones: at most 8, and about
// 1 KiB. Of a Go crash they are the first lines, which have the message, below the two that
// came before it. It is valid UTF-8, but else as the command printed it, terminal escapes
// included: quote it.
func (e *Exit) LastWords() string {
	if words := lastWords(e.Stderr.Tail); words != "" {
		return words
	}
	return lastWords(e.Stdout.Tail)
}

// lastWords finds them in one stream.
func lastWords(output []byte) string {
	text := strings.ToValidUTF8(string(output), "\uFFFD")
	var lines []string
	crash := -1
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			continue
		}
		if goCrash.MatchString(line) {
			crash = len(lines)
		}
		lines = append(lines, line)
	}
	if crash >= 0 {
		first := max(0, crash-beforeCrash)
		for i, line := range lines[first:crash] {
			lines[first+i] = cutFront([]string{line}, beforeBytes)
		}
		return cutEnd(lines[first:min(len(lines), first+lastLines)])
	}
	return cutFront(lines[max(0, len(lines)-lastLines):], lastBytes)
}

// cutEnd returns the lines as text, cut at its end.
func cutEnd(lines []string) string {
	text := strings.Join(lines, "\n")
	if len(text) > lastBytes {
		text = strings.ToValidUTF8(text[:lastBytes], "") + "..."
	}
	return text
}

// cutFront returns the lines as text, of which it keeps the last bytes.
func cutFront(lines []string, most int) string {
	text := strings.Join(lines, "\n")
	if len(text) > most {
		text = "..." + strings.ToValidUTF8(text[len(text)-most:], "")
	}
	return text
}
