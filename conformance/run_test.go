//go:build linux

package conformance

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptionsAreChecked(t *testing.T) {
	right := deviant("")
	for _, test := range []struct {
		worker  Worker
		options Options
		want    string
	}{
		{Worker{}, Options{}, "Worker.Command"},
		{right, Options{Transports: []string{"pigeon"}}, "pigeon"},
		{right, Options{Cases: []string{"start/["}}, "syntax error"},
		{right, Options{Cases: []string{"no/such-case"}}, "no/such-case"},
		{right, Options{Transports: []string{"stdio"}, Cases: []string{"socketpair/start/*"}}, "socketpair/start/*"},
	} {
		if _, err := Run(t.Context(), test.worker, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want one about %s", test.options, err, test.want)
		}
	}
}

// Results come in the order of the cases, one transport after the other.
func TestOrder(t *testing.T) {
	o := testOptions
	o.Cases = []string{"ping/*", "stdio/start/handshake", "violation/sender", "body/depth"}
	var got, want []string
	for r := range results(t, deviant(""), o) {
		got = append(got, r.Name())
	}
	for _, p := range o.Plan() {
		want = append(want, p.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
}

// A pattern chooses by the name of a case, with the transport before it or without.
func TestPlan(t *testing.T) {
	o := Options{Cases: []string{"violation/sender", "*/body/depth", "stdio/start/handshake", "start/["}}
	var got []string
	for _, p := range o.Plan() {
		got = append(got, p.Name())
	}
	want := []string{
		"socketpair/body/depth", "socketpair/violation/sender",
		"stdio/start/handshake", "stdio/body/depth", "stdio/violation/sender",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
	if all := (Options{}).Plan(); len(all) != len(Transports())*len(Cases()) {
		t.Errorf("%d are planned of %d cases", len(all), len(Cases()))
	}
}

// Who stops reading ends the run, and so does the end of the context.
func TestRunEndsEarly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, end := range []func() bool{func() bool { return false }, func() bool { cancel(); return true }} {
		results, err := Run(ctx, deviant("takes 300 ms to start"), testOptions)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for range results {
			n++
			if !end() {
				break
			}
		}
		if n != 1 {
			t.Errorf("%d results", n)
		}
	}
}

// When the time is over what is left fails, and the run comes to its end.
func TestBudget(t *testing.T) {
	o := testOptions
	o.Budget, o.Transports, o.answerTime = 8*time.Second, []string{"socketpair"}, time.Second
	n, overdue := 0, 0
	for r := range results(t, deviant("answers no pings"), o) {
		n++
		if strings.Contains(r.Why, "within 8s; got that time was up") {
			overdue++
		}
	}
	if n != len(Cases()) || overdue == 0 {
		t.Errorf("%d results, %d of them overdue", n, overdue)
	}
}

// A worker that has let nobody wait is not blamed for a machine that has no time for it.
func TestBudgetOfABusyMachine(t *testing.T) {
	o := testOptions
	o.Budget, o.Transports = time.Second, []string{"socketpair"}
	skipped := 0
	for r := range results(t, deviant("takes 300 ms to start"), o) {
		switch {
		case r.NotRun && r.Verdict == Skip && strings.Contains(r.Why, "the time for all cases"):
			skipped++
		case r.Verdict == Fail:
			t.Errorf("%s fails: %s", r.Name(), r.Why)
		}
	}
	if skipped == 0 {
		t.Error("all cases were run within a second")
	}
}

// A failure says what was expected, what came, and in which bytes.
func TestFailureIsExplained(t *testing.T) {
	o := testOptions
	o.Transports, o.Cases = []string{"stdio"}, []string{"ping/seq"}
	for r := range results(t, deviant("answers pings with the next seq"), o) {
		if r.Expected == "" || r.Got == "" || r.Bytes != "00 00 00 04 93 04 01 c0" && !strings.HasPrefix(r.Bytes, "00 00 00") ||
			len(r.Frames) < 4 || !strings.Contains(r.Frames[len(r.Frames)-1], "Pong 1") || r.Took <= 0 {
			t.Errorf("%+v", r)
		}
		for _, part := range []string{r.Case.About, r.Case.Link, r.Expected, r.Got, r.Bytes} {
			if !strings.Contains(r.details(), part) {
				t.Errorf("%q is not in %s", part, r.details())
			}
		}
	}
}

// testVar makes TestOfAnAuthor what an author of a worker writes.
const testVar = "KINWIRE_CONFORMANCE_AUTHOR"

func TestOfAnAuthor(t *testing.T) {
	name, ok := os.LookupEnv(testVar)
	if !ok {
		t.Skip("run by TestTest")
	}
	o := testOptions
	o.Cases = []string{"stdio/exchange/*"}
	Test(t, deviant(name), o)
}

// Test makes a subtest of each case, which says what went wrong.
func TestTest(t *testing.T) {
	for name, want := range map[string][]string{
		"":                   {"--- PASS: TestOfAnAuthor/stdio/exchange/echo"},
		"counts one too few": {"--- PASS: TestOfAnAuthor/stdio/exchange/echo", "--- FAIL: TestOfAnAuthor/stdio/exchange/count", "wire/SPEC.md#7-exchanges", "expected: 500 values and END"},
		"concurrency 1":      {"--- PASS: TestOfAnAuthor/stdio/exchange/overloaded"},
		"lists no methods":   {"--- SKIP: TestOfAnAuthor/stdio/exchange/refusals", "the worker does not list its methods"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestOfAnAuthor$", "-test.v")
		cmd.Env = append(os.Environ(), testVar+"="+name)
		out, err := cmd.CombinedOutput()
		if (err == nil) == strings.Contains(strings.Join(want, " "), "FAIL") {
			t.Errorf("%s: %v", name, err)
		}
		for _, part := range want {
			if !strings.Contains(string(out), part) {
				t.Errorf("%s: %q is not in\n%s", name, part, out)
			}
		}
	}
}

// What a stall may have spoilt is tried again; what failed in time is not.
func TestChances(t *testing.T) {
	t.Parallel()
	const within = 100 * time.Millisecond
	for _, test := range []struct {
		late, tries  int // how many times it is late and fails; how many times it is tried
		early, fails bool
	}{{late: 1, tries: 2}, {late: 5, tries: 5, fails: true}, {early: true, tries: 1, fails: true}} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			tried := 0
			steps := &trial{ctx: t.Context()}
			failed, _ := steps.chances(&definition{within: within, run: func(tr *trial) {
				tried++
				tr.warn("the attempt %d", tried)
				if tried <= test.late {
					time.Sleep(within)
				}
				if test.early || tried <= test.late {
					tr.fail("a Pong", "the worker's end")
				}
			}})
			if tried != test.tries || (failed != nil) != test.fails || len(steps.warnings) != 1 {
				t.Errorf("it was tried %d times, and ended with %v and the warnings %q", tried, failed, steps.warnings)
			}
		})
	}
}
