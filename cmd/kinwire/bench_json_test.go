package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// benchJSON runs bench with --json, and returns the report and the exit code.
func benchJSON(t *testing.T, args ...string) (r reportJSON, code int) {
	t.Helper()
	cmd := exec.Command("kinwire", slices.Concat([]string{"bench", "--json", "--duration", "50ms"}, args)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	t.Logf("%s", &stderr)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	readReport(t, out, &r)
	return r, code
}

// readReport reads a report that is one line and has nothing but what is documented.
func readReport(t *testing.T, line []byte, r *reportJSON) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil || bytes.IndexByte(line, '\n') != len(line)-1 {
		t.Fatalf("%v in %q", err, line)
	}
	for _, l := range r.Levels {
		checkLevel(t, l)
	}
}

// checkLevel looks for what can't be.
func checkLevel(t *testing.T, l levelJSON) {
	t.Helper()
	failed, inHistogram := int64(0), int64(0)
	for _, n := range l.Errors {
		failed += n
	}
	for i, b := range l.Histogram {
		inHistogram += b.Calls
		if b.From >= b.To || i > 0 && b.From != l.Histogram[i-1].To {
			t.Errorf("the bounds of bucket %d don't ascend in %+v", i, l)
		}
	}
	if l.Failed != failed || l.Calls != inHistogram || l.Calls+l.Failed == 0 || l.Duration <= 0 {
		t.Errorf("the counts don't add up in %+v", l)
	}
	if rate := float64(l.Calls) / l.Duration.Seconds(); !almost(l.CallRate, rate) {
		t.Errorf("the rate is not %v in %+v", rate, l)
	}
	if (l.Latency != nil) != (l.Calls > 0) {
		t.Errorf("the latency is %v in %+v", l.Latency, l)
	}
	if a := l.Latency; a != nil {
		for _, ascending := range [][]time.Duration{{0, a.Min, a.P50, a.P90, a.P99, a.P999, a.Max}, {a.Min, a.Mean, a.Max}} {
			if !slices.IsSorted(ascending) {
				t.Errorf("the latencies don't ascend in %+v", *a)
			}
		}
	}
}

func almost(got, want float64) bool { return got >= want*0.999 && got <= want*1.001 }

func TestBenchJSON(t *testing.T) {
	r, code := benchJSON(t, "--concurrency", "1,3", "--size", "1KiB", "--", "echo-worker")
	if code != 0 || !r.Complete || len(r.Levels) != 2 || r.Levels[0].Concurrency != 1 || r.Levels[1].Concurrency != 3 {
		t.Fatalf("the code is %d of %+v", code, r)
	}
	if w := r.Worker; w.Name != "echo-worker" || w.SDK == "" || w.Transport == "" {
		t.Errorf("the worker is %+v", w)
	}
	s := r.Settings
	if s.Method != "" || s.Size == nil || *s.Size != 1<<10 || s.Input != nil || s.Duration != 50e6 || s.WarmUp != 10e6 || s.Timeout != 0 || !slices.Equal(s.Concurrency, []int{1, 3}) {
		t.Errorf("the settings are %+v", s)
	}
	for _, l := range r.Levels {
		if l.Failed != 0 || l.Calls < int64(l.Concurrency) || l.Duration < s.Duration || l.ByteRate == nil || !almost(*l.ByteRate, 1024*l.CallRate) {
			t.Errorf("got %+v", l)
		}
	}
}

func TestBenchJSONOfInput(t *testing.T) {
	r, code := benchJSON(t, "--concurrency", "2", "--method", "sleep", "--input", ` { "ms": 1 }`, "--transport", "stdio", "--timeout", "1m", "--", "echo-worker")
	if code != 0 || r.Worker.Transport != "stdio" || r.Settings.Method != "sleep" || string(r.Settings.Input) != `{"ms":1}` || r.Settings.Size != nil || r.Settings.Timeout != 60e9 {
		t.Errorf("the code is %d of %+v", code, r)
	}
	for _, l := range r.Levels {
		if l.ByteRate != nil || l.Latency == nil || l.Latency.Min < 999e3 {
			t.Errorf("got %+v", l)
		}
	}
}

// A level is no higher than the worker wants.
func TestBenchJSONOfLimit(t *testing.T) {
	r, code := benchJSON(t, "--concurrency", "4,1,16", "-q", "--input", "{}", "--", "go-worker", "one-at-a-time")
	if code != 0 || len(r.Levels) != 1 || r.Levels[0].Concurrency != 1 {
		t.Errorf("the code is %d of %+v", code, r)
	}
}

func TestBenchJSONOfFailures(t *testing.T) {
	r, code := benchJSON(t, "--concurrency", "2", "--method", "fail", "--input", `{"code":"app.own","message":"no"}`, "--", "echo-worker")
	if code != 1 || !r.Complete || len(r.Levels) != 1 || r.Levels[0].Calls != 0 || r.Levels[0].Errors["app.own"] < 2 || len(r.Levels[0].Errors) != 1 {
		t.Errorf("the code is %d of %+v", code, r)
	}
	r, code = benchJSON(t, "--concurrency", "2", "--method", "sleep", "--input", `{"ms":60000}`, "--timeout", "5ms", "--", "echo-worker")
	if code != 1 || len(r.Levels) != 1 || r.Levels[0].Errors[wire.CodeDeadlineExceeded] < 2 {
		t.Errorf("the code is %d of %+v", code, r)
	}
}

func TestBenchJSONOfExit(t *testing.T) {
	r, code := benchJSON(t, "-q", "--method", "exit", "--input", `{"code":3}`, "--", "echo-worker")
	if code != 1 || r.Complete || r.Levels == nil || len(r.Levels) != 0 {
		t.Errorf("the code is %d of %+v", code, r)
	}
	lost := &process.ExitError{Exit: &process.Exit{}}
	after := report{options: &benchOptions{}, lost: lost, levels: []load.Level{{
		InFlight: 4, Elapsed: 1, Failures: []load.Failure{{Code: codeWorkerExited, First: lost, Calls: 4}},
	}}}
	readReport(t, after.appendJSON(nil), &r)
	if r.Complete || len(r.Levels) != 1 || r.Levels[0].Errors[codeWorkerExited] != 4 {
		t.Errorf("got %+v", r)
	}
}
