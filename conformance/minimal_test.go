package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kinwire/kinwire/conformance"
	"github.com/kinwire/kinwire/internal/languages"
)

// minimalWorker returns the program in section 21 of wire/SPEC.md, which is to be right.
func minimalWorker(t *testing.T) string {
	t.Helper()
	spec, err := os.ReadFile("../wire/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(spec), "\n```python worker.py\n")
	source, _, ended := strings.Cut(rest, "\n```\n")
	if !ok || !ended {
		t.Fatal("wire/SPEC.md has no block that begins with ```python worker.py")
	}
	return source + "\n"
}

// pythonWorker writes a program into a file, and returns how it is started.
func pythonWorker(t *testing.T, source string) conformance.Worker {
	t.Helper()
	file := filepath.Join(t.TempDir(), "worker.py")
	if err := os.WriteFile(file, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	return conformance.Worker{Command: []string{languages.Python(t), file}}
}

// mutate makes the edits of a mutant. Each has to find what it replaces exactly once.
func mutate(source string, edits []string) (string, error) {
	for i := 0; i < len(edits); i += 2 {
		if n := strings.Count(source, edits[i]); n != 1 {
			return "", fmt.Errorf("the worker has %d times, and not once: %s", n, edits[i])
		}
		source = strings.Replace(source, edits[i], edits[i+1], 1)
	}
	return source, nil
}

// TestMinimalWorker holds that what SPEC.md shows as a worker is one. With one more method it
// still is, as far as mutants are told by that; a long run goes through all cases.
func TestMinimalWorker(t *testing.T) {
	t.Parallel()
	source := minimalWorker(t)
	slow, err := mutate(source, sleeping)
	if err != nil {
		t.Fatal(err)
	}
	var told conformance.Options
	for _, m := range mutants {
		if !soak {
			told.Cases = append(told.Cases, m.fails...)
		}
	}
	t.Run("as it is", func(t *testing.T) {
		t.Parallel()
		conformance.Test(t, pythonWorker(t, source), conformance.Options{})
	})
	t.Run("with sleep", func(t *testing.T) {
		t.Parallel()
		conformance.Test(t, pythonWorker(t, slow), told)
	})
}

// TestMutants holds that a worker with a mistake fails the cases about it. In a long run it
// goes through all cases, over all transports.
func TestMutants(t *testing.T) {
	source := minimalWorker(t)
	places := make(chan struct{}, 16) // most of them wait for what never comes
	if soak {
		places = make(chan struct{}, 2)
	}
	outcomes := make([][]conformance.Result, len(mutants))
	var running sync.WaitGroup
	for i, m := range mutants {
		if m.on != "" && !slices.Contains(conformance.Transports(), m.on) {
			continue
		}
		mutated, err := mutate(source, m.edits)
		if err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		results, err := conformance.Run(t.Context(), pythonWorker(t, mutated), m.options(i))
		if err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		running.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			outcomes[i] = slices.Collect(results)
		})
	}
	running.Wait()
	for i, m := range mutants {
		t.Run(m.name, func(t *testing.T) { m.wantFailures(t, outcomes[i]) })
	}
}

var soak = os.Getenv("KINWIRE_SOAK") != ""

// options are what the mutant, which is number i, is put through: its own cases over one of the
// transports, or all.
func (m mutant) options(i int) conformance.Options {
	o := conformance.Options{StartTimeout: 5 * time.Second}
	if !soak {
		all := conformance.Transports()
		o.Cases, o.Transports = m.fails, all[i%len(all):][:1]
	}
	if m.on != "" {
		o.Transports = []string{m.on}
	}
	return o
}

// wantFailures fails unless those cases have failed that should have.
func (m mutant) wantFailures(t *testing.T, results []conformance.Result) {
	t.Helper()
	if len(results) == 0 {
		t.Skip("it can't be told here")
	}
	var failed []string
	for _, r := range results {
		if r.Verdict == conformance.Fail {
			failed = append(failed, r.Name())
		}
		switch {
		case !slices.Contains(m.fails, r.Case.Name):
		case r.Verdict == conformance.Skip && runtime.GOOS != "linux":
			t.Skip(r.Why)
		case r.Verdict != conformance.Fail || !strings.Contains(r.Why, m.says):
			t.Errorf("%s %s: %s; it should fail, and say %q", r.Verdict, r.Name(), r.Why, m.says)
		}
	}
	t.Logf("failed: %q", failed)
}

// TestUnusual holds that a worker need not be usual.
func TestUnusual(t *testing.T) {
	t.Parallel()
	source := minimalWorker(t)
	for i, m := range unusual {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			worker, err := mutate(source, m.edits)
			if err != nil {
				t.Fatal(err)
			}
			o := m.options(i)
			o.Budget, o.StartTimeout = 5*time.Minute, 0
			if os.Getenv("KINWIRE_SOAK") == "" {
				o.Transports = conformance.Transports()[:1]
			}
			conformance.Test(t, pythonWorker(t, worker), o)
		})
	}
}

// TestLenient holds that leniency towards a host that breaks a rule is a warning alone.
func TestLenient(t *testing.T) {
	t.Parallel()
	source := minimalWorker(t)
	for _, m := range lenient {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			mutated, err := mutate(source, m.edits)
			if err != nil {
				t.Fatal(err)
			}
			results, err := conformance.Run(t.Context(), pythonWorker(t, mutated), conformance.Options{Cases: m.fails})
			if err != nil {
				t.Fatal(err)
			}
			for r := range results {
				if r.Verdict != conformance.Pass || len(r.Warnings) == 0 {
					t.Errorf("%s %s: %s, with the warnings %q", r.Verdict, r.Name(), r.Why, r.Warnings)
				}
			}
		})
	}
}

// notYet is what the minimal worker lacks until a step of docs/porting.md.
var notYet = map[int][]string{
	5: {"        elif kind == 5:\n            answer(message)\n", ""},
	6: {"        elif kind == 10:\n            stop(element(message, 1, int, 0) / 1000)\n", "", "signal.signal(signal.SIGTERM, terminate)\n", ""},
	9: {"if left is not None:", "if False:"},
}

// TestPortingSteps holds that a worker of which no more is built than up to a step passes the
// cases that docs/porting.md names there.
func TestPortingSteps(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/porting.md")
	if err != nil {
		t.Fatal(err)
	}
	source := minimalWorker(t)
	rows := regexp.MustCompile(`(?m)^\| ([0-9]+) \| .* \| (.*/.*) \|$`).FindAllStringSubmatch(string(page), -1)
	if len(rows) != 6 {
		t.Fatalf("docs/porting.md has %d steps with cases: %q", len(rows), rows)
	}
	for _, row := range rows {
		t.Run(row[1], func(t *testing.T) {
			t.Parallel()
			step, err := strconv.Atoi(row[1])
			if err != nil {
				t.Fatal(err)
			}
			built := source
			for later, edits := range notYet {
				if later > step {
					if built, err = mutate(built, edits); err != nil {
						t.Fatal(err)
					}
				}
			}
			cases := strings.Split(strings.ReplaceAll(row[2], "`", ""), ", ")
			conformance.Test(t, pythonWorker(t, built), conformance.Options{Cases: cases})
		})
	}
}
