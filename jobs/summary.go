package jobs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Summary says in a line, for people, how the job is, such as
//
//	job 1kf3p9w0d7h2m4xq: succeeded after 1.2s: make all
//	job 1kf3p9w0d7h2m4xq: failed with exit status 42 after 3s: sh -c 'exit 42'
//	job 1kf3p9w0d7h2m4xq: timed out (still running after 1h0m0s) after 1h0m3s: sleep 9999
//	job 1kf3p9w0d7h2m4xq: has been running for 3m0s: make all
func (r Record) Summary() string {
	return fmt.Sprintf("job %s: %s: %s", r.ID, r.Outcome(), r.CommandLine())
}

// Outcome says how the job is, without saying which it is: "failed with exit status 2 after 3s".
func (r Record) Outcome() string {
	s := r.verb()
	if r.Reason != "" && r.State != Failed {
		s += " (" + oneLine(r.Reason) + ")"
	}
	switch {
	case r.State == Running:
		s += " for " + shortDuration(r.Duration)
	case r.Duration > 0:
		s += " after " + shortDuration(r.Duration)
	}
	switch {
	case r.Note != "" && r.State == Lost:
		s += ": " + r.Note
	case r.Note != "":
		s += "; " + r.Note
	}
	return s
}

// verb says what the job did, or what was done to it.
func (r Record) verb() string {
	switch r.State {
	case Running:
		return "has been running"
	case Succeeded:
		return "succeeded"
	case Killed:
		return "was killed"
	case TimedOut:
		return "timed out"
	case Lost:
		return "is lost"
	case Failed:
		return "failed" + r.how()
	}
	return "is " + oneLine(string(r.State))
}

// how says how a job failed.
func (r Record) how() string {
	switch {
	case r.Reason != "":
		return ": " + oneLine(r.Reason)
	case r.Signal != "" && r.OutOfMemory == "yes":
		return ", killed by " + r.Signal + " for want of memory"
	case r.Signal != "":
		return ", killed by " + r.Signal
	case r.ExitCode != nil:
		return " with exit status " + strconv.Itoa(*r.ExitCode)
	}
	return ""
}

// CommandLine returns the command as one would type it into a shell, in a line; of a script,
// its first line.
func (r Record) CommandLine() string {
	words := make([]string, 0, len(r.Command)+1)
	for _, word := range r.Command {
		words = append(words, quote(word))
	}
	if r.Script != "" {
		first, rest, _ := strings.Cut(strings.TrimSpace(r.Script), "\n")
		if rest != "" {
			first += " ..."
		}
		words = append(words, "<<< "+quote(first))
	}
	return strings.Join(words, " ")
}

// quote returns a word so that a shell takes it for one, and a terminal for nothing else.
func quote(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	switch {
	case word != "" && strings.Trim(word, plain) == "":
		return word
	case oneLine(word) != word:
		quoted := strconv.Quote(word)
		quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
		return "$'" + strings.ReplaceAll(quoted, "'", `\'`) + "'"
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// oneLine returns a text as a terminal can show it in a line.
func oneLine(text string) string {
	quoted := strconv.Quote(text)
	quoted = quoted[1 : len(quoted)-1]
	return strings.ReplaceAll(strings.ReplaceAll(quoted, `\"`, `"`), `\\`, `\`)
}

// shortDuration leaves as many digits as somebody wants to read.
func shortDuration(d time.Duration) string {
	switch {
	case d < time.Second:
		d = d.Round(time.Millisecond)
	case d < time.Minute:
		d = d.Round(100 * time.Millisecond)
	default:
		d = d.Round(time.Second)
	}
	return d.String()
}
