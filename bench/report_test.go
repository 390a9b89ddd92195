package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		all  []float64
		want float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{1, 1, 1, 1000, 1000}, 1},
	} {
		if got := median(c.all); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.all, got, c.want)
		}
	}
}

func TestSummarizeTakesEachMedianByItself(t *testing.T) {
	got := summarize("p", Workload{Name: "w", Size: 1000}, []round{
		{nsPerCall: 100, p50: 30, p99: 200},
		{nsPerCall: 300, p50: 10, p99: 100},
		{nsPerCall: 200, p50: 20, p99: 300},
	})
	want := Result{Peer: "p", Workload: "w", NsPerCall: 200, P50Ns: 20, P99Ns: 200, MBPerS: 5000}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestJSONIsExactlyThis(t *testing.T) {
	var out bytes.Buffer
	r := Result{Peer: "p", Workload: "w", NsPerCall: 1.5, P50Ns: 2, P99Ns: 3, MBPerS: 4}
	if err := writeJSON(&out, []Result{r, r}); err != nil {
		t.Fatal(err)
	}
	line := `{"peer":"p","workload":"w","ns_per_call":1.5,"p50_ns":2,"p99_ns":3,"mb_per_s":4}` + "\n"
	if got := out.String(); got != line+line {
		t.Errorf("got %s", got)
	}
}

func TestTableHasRatiosWhereTheBaselineIs(t *testing.T) {
	var out bytes.Buffer
	if err := writeTable(&out, []Result{
		{Peer: baseline, Workload: "rtt", NsPerCall: 10, P50Ns: 8},
		{Peer: "other", Workload: "rtt", NsPerCall: 25, P50Ns: 10},
		{Peer: "other", Workload: "pipe", NsPerCall: 5, P50Ns: 1},
	}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"1.00 1.00", "2.50 1.25", "- -"} {
		fields := strings.Fields(lines[len(lines)-3+i])
		if got := strings.Join(fields[len(fields)-2:], " "); got != want {
			t.Errorf("ratios %q, want %q, in %q", got, want, lines[len(lines)-3+i])
		}
	}
}
