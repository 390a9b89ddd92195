//go:build linux

package conformance

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Workers that are right, however unusual, pass all cases.
func TestUnusualWorkersPass(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		skips    string // what may be skipped
		warnings string // in which cases there may be warnings
	}{
		{name: ""},
		{name: "no features", skips: "cancel/* credit/* log/line host-call/* ping/stalled-stream violation/credit"},
		{name: "lists no methods", skips: "exchange/refusals"},
		{name: "lists no default method"},
		{name: "logs before Initialized"},
		{name: "writes byte by byte"},
		{name: "prints a lot on stderr", warnings: "start/* violation/*"},
		{name: "a small max_frame", skips: "frame/too-large"},
		{name: "concurrency 1"},
		{name: "window 1"},
		{name: "takes one value", skips: "exchange/stream credit/* violation/credit"},
		{name: "takes the first value alone", skips: "exchange/stream credit/* violation/credit"},
		{name: "widest ints and floats"},
		{name: "takes 300 ms to start"},
		{name: "sends grease"},
		{name: "goes on after a breach", warnings: "violation/*"},
		{name: "exits with 1 at a breach", warnings: "violation/*"},
		{name: "takes frames over its max_frame", warnings: "violation/frame-length-*"},
		{name: "counts no credit of the host's", warnings: "violation/credit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := testOptions
			o.answerTime, o.Budget = 0, 200*time.Second // none of them is to fail on a busy machine
			if !soak {
				o.Transports = []string{"socketpair"}
			}
			for r := range results(t, deviant(test.name), o) {
				switch {
				case r.Verdict == Fail:
					t.Errorf("%s fails: %s", r.Name(), r.details())
				case r.Verdict == Skip && !matches(test.skips, r.Case.Name):
					t.Errorf("%s is skipped: %s", r.Name(), r.Why)
				case len(r.Warnings) > 0 && !matches(test.warnings, r.Case.Name):
					t.Errorf("%s has warnings: %q", r.Name(), r.Warnings)
				}
			}
		})
	}
}

// What is lenient is told.
func TestWarnings(t *testing.T) {
	t.Parallel()
	for worker, warned := range map[string]string{
		"goes on after a breach":         "violation/body-cut",
		"exits with 1 at a breach":       "violation/body-cut",
		"uses the standard files":        "start/descriptors",
		"fails at what it can't decode":  "error/bad-input",
		"counts no credit of the host's": "violation/credit",
	} {
		t.Run(worker, func(t *testing.T) {
			t.Parallel()
			o := testOptions
			o.Transports, o.Cases = []string{"stdio"}, []string{warned}
			for r := range results(t, deviant(worker), o) {
				if r.Verdict != Pass || len(r.Warnings) == 0 {
					t.Errorf("%s: %s, warnings %q", r.Name(), r.Verdict, r.Warnings)
				}
			}
		})
	}
}

// The Go SDK passes, without warnings, over both transports.
func TestEchoWorker(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "echo-worker")
	if out, err := exec.Command("go", "build", "-o", program, "../examples/echo-worker").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	begun := time.Now()
	for r := range results(t, Worker{Command: []string{program}}, Options{Budget: 5 * time.Minute}) {
		switch {
		case r.Verdict == Fail:
			t.Errorf("%s fails: %s", r.Name(), r.details())
		case r.Verdict == Skip && r.Case.Name != "exchange/overloaded": // it has no limit
			t.Errorf("%s is skipped: %s", r.Name(), r.Why)
		case len(r.Warnings) > 0:
			t.Errorf("%s has warnings: %q", r.Name(), r.Warnings)
		}
	}
	t.Logf("it took %v", time.Since(begun))
}

// The worst workers are done with too, and nothing is left of them.
func TestWorstWorkers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"never speaks", "floods", "ignores all signals", "hangs at a breach", "answers no pings"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testOptions
			o.StartTimeout = 2 * time.Second
			if !soak {
				o.Budget = 12 * time.Second
			}
			begun := time.Now()
			n, failed := 0, 0
			for r := range results(t, deviant(name), o) {
				if n++; r.Verdict == Fail {
					failed++
				}
			}
			if n != 2*len(Cases()) {
				t.Errorf("%d results for %d cases", n, len(Cases()))
			}
			t.Logf("%d of %d failed in %v", failed, n, time.Since(begun))
		})
	}
}

// A program that is no worker is done with after its first start, and quoted once.
func TestNoWorker(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"echo no such model >&2; exit 3", "sleep 1000; echo no such model"} {
		o := testOptions
		o.StartTimeout = time.Second
		told := make(map[string]bool) // by transport
		for r := range results(t, Worker{Command: []string{"sh", "-c", script}}, o) {
			quoted := strings.Contains(r.Why, "no such model")
			if r.Verdict != Fail || quoted != (strings.Contains(script, "exit 3") && !told[r.Transport]) {
				t.Errorf("%s: %s %s", r.Name(), r.Verdict, r.Why)
			}
			told[r.Transport] = true
		}
	}
}
