package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kinwire/kinwire/conformance"
)

// checkPrinter makes lines of what there is to say.
type checkPrinter interface {
	result(conformance.Result) []byte
	summary(checkReport) []byte
	list([]conformance.Case) []byte
}

// checkPrinterFor returns the printer that suits the options and a file.
func checkPrinterFor(o checkOptions, f *os.File) checkPrinter {
	if o.json {
		return jsonPrinter{}
	}
	return textPrinter{picture: pictureFor(f), timed: isTerminal(f)}
}

// textPrinter is for people.
type textPrinter struct {
	picture
	timed bool // each result says how long it took
}

// The colours of verdicts. What is of less interest is faint.
const (
	good  ink = "\033[32m"
	doubt ink = "\033[33m"
	faint ink = "\033[2m"
)

func inkOf(v conformance.Verdict) ink {
	switch v {
	case conformance.Pass:
		return good
	case conformance.Fail:
		return alarm
	}
	return faint
}

// result is a line such as
//
//	FAIL stdio/ping/answered: expected a Pong with seq 1; got the end of the link
//
// and below it, indented, what else there is to say about a failure, and warnings.
func (p textPrinter) result(r conformance.Result) []byte {
	var b bytes.Buffer
	b.WriteString(p.in(inkOf(r.Verdict), string(r.Verdict)) + " " + r.Name())
	if r.Why != "" {
		b.WriteString(": " + printable(r.Why))
	}
	if p.timed {
		b.WriteString(p.in(faint, "  "+shortly(r.Took)))
	}
	b.WriteByte('\n')
	if r.Expected != "" {
		p.detail(&b, heading, "rule", r.Case.About)
		p.detail(&b, heading, "expected", r.Expected)
		p.detail(&b, heading, "got", r.Got)
		p.detail(&b, heading, "bytes", r.Bytes)
		p.detail(&b, heading, "frames", strings.Join(r.Frames, "\n"))
		p.detail(&b, heading, "stderr", r.Stderr)
		p.detail(&b, heading, "see", r.Case.Link)
	}
	for _, w := range r.Warnings {
		p.detail(&b, doubt, "warning", w)
	}
	if r.Expected == "" && len(r.Warnings) > 0 {
		p.detail(&b, faint, "see", r.Case.Link)
	}
	return b.Bytes()
}

// labelWidth is how wide the longest label is.
const labelWidth = len("expected")

// detail adds a label and a text of one line or more, if there is any.
func (p textPrinter) detail(b *bytes.Buffer, i ink, label, text string) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		padding := strings.Repeat(" ", labelWidth-len(label))
		b.WriteString("     " + p.in(i, label) + padding + "  " + printable(strings.TrimRight(line, "\r")) + "\n")
		label = ""
	}
}

// summary is a line such as: 117 passed, 0 failed, 12 skipped, 2 warnings in 9.8 s
func (p textPrinter) summary(r checkReport) []byte {
	text := fmt.Sprintf("%d passed, %d failed, %d skipped", r.passed, r.failed, r.skipped)
	if n := r.notRun(); n > 0 {
		text += fmt.Sprintf(", %d not run", n)
	}
	text += ", " + counted(r.warning, "warning")
	color := good
	if r.failed > 0 || r.notRun() > 0 {
		color = alarm
	}
	return fmt.Appendf(nil, "%s in %s\n", p.in(color, text), shortly(r.took))
}

// list is a line for each case: its name, its rule, and the section of that.
func (p textPrinter) list(cases []conformance.Case) []byte {
	width := 0
	for _, c := range cases {
		width = max(width, len(c.Name))
	}
	var b bytes.Buffer
	for _, c := range cases {
		fmt.Fprintf(&b, "%-*s  %s %s\n", width, c.Name, c.About, p.in(faint, "("+c.Section+")"))
	}
	return b.Bytes()
}

// counted is a number of things that are called so.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// shortly is a duration as people say it: 12 ms, 0.3 s, 9.8 s.
func shortly(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
