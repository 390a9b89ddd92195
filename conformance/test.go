package conformance

import (
	"strings"
	"testing"
)

// Test puts a worker through the cases, as a subtest for each transport and case. A rule that
// the worker breaks fails its subtest; warnings are logged.
func Test(t *testing.T, w Worker, o Options) {
	t.Helper()
	results, err := Run(t.Context(), w, o)
	if err != nil {
		t.Fatal(err)
	}
	for r := range results {
		t.Run(r.Name(), func(t *testing.T) {
			for _, warning := range r.Warnings {
				t.Logf("warning: %s", warning)
			}
			switch r.Verdict {
			case Fail:
				t.Error(r.details())
			case Skip:
				t.Skip(r.Why)
			}
		})
	}
}

// details is all there is to say about a failure, in lines.
func (r Result) details() string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			b.WriteString("\n  " + name + ": " + strings.ReplaceAll(text, "\n", "\n    "))
		}
	}
	b.WriteString(r.Why)
	line("rule", r.Case.About+" ("+r.Case.Link+")")
	line("expected", r.Expected)
	line("got", r.Got)
	line("bytes", r.Bytes)
	line("frames", strings.Join(r.Frames, "\n"))
	line("stderr", r.Stderr)
	return b.String()
}
