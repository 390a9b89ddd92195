package process

import (
	"regexp"
	"strings"
)

const (
	lastLines = 8
	lastBytes = 1 << 10
)

// goCrash is how the report of a Go program begins that has crashed; below are its stacks
// and registers.
var goCrash = regexp.MustCompile(`^(panic|fatal error|SIG(ABRT|BUS|FPE|ILL|QUIT|SEGV|SYS|TRAP)): `)

// LastWords returns what the command said last, for an error message: the last lines of
// standard error, else of standard output, without the empty ones: at most 8, and about
// 1 KiB. Of a Go crash they are the first lines, which have the message. It is valid UTF-8,
// but else as the command printed it, terminal escapes included: quote it.
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
		return cutEnd(lines[crash:min(len(lines), crash+lastLines)])
	}
	return cutFront(lines[max(0, len(lines)-lastLines):])
}

// cutEnd returns the lines as text, cut at its end.
func cutEnd(lines []string) string {
	text := strings.Join(lines, "\n")
	if len(text) > lastBytes {
		text = strings.ToValidUTF8(text[:lastBytes], "") + "..."
	}
	return text
}

// cutFront returns the lines as text, cut at its front.
func cutFront(lines []string) string {
	text := strings.Join(lines, "\n")
	if len(text) > lastBytes {
		text = "..." + strings.ToValidUTF8(text[len(text)-lastBytes:], "")
	}
	return text
}
