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
	got := series{"p", Workload{Name: "w", Size: 1000, InFlight: 4}, []round{
		{nsPerCall: 100, p50: 30, p99: 200},
		{nsPerCall: 300, p50: 10, p99: 100},
		{nsPerCall: 200, p50: 20, p99: 300},
	}}.summarize()
	want := Result{Peer: "p", Workload: "w", Size: 1000, InFlight: 4, NsPerCall: 200, P50Ns: 20, P99Ns: 200, MBPerS: 5000}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestJSONIsExactlyThis(t *testing.T) {
	var out bytes.Buffer
	s := series{"p", Workload{Name: "w", Size: 6, InFlight: 5}, []round{{nsPerCall: 1.5, p50: 2, p99: 3}}}
	if err := writeJSON(&out, []series{s, s}); err != nil {
		t.Fatal(err)
	}
	line := `{"peer":"p","workload":"w","size":6,"in_flight":5,"ns_per_call":1.5,"p50_ns":2,"p99_ns":3,"mb_per_s":4000}` + "\n"
	if got := out.String(); got != line+line {
		t.Errorf("got %s", got)
	}
}

func TestTableHasRatiosWhereTheYardsticksAre(t *testing.T) {
	one := func(peer, workload string, ns, p50 float64) series {
		return series{peer, Workload{Name: workload, Size: 1}, []round{{nsPerCall: ns, p50: p50}}}
	}
	var out bytes.Buffer
	if err := writeTable(&out, []series{
		one(baseline, "rtt", 10, 8),
		one("other", "rtt", 25, 10),
		one(muxByHand, "pipe", 10, 1),
		one("other", "pipe", 5, 1),
		one("other", "start", 5, 1),
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"1.00 1.00 -", "2.50 1.25 -", "- - 1.00", "- - 0.50", "- - -"}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, line := range lines[len(lines)-len(want):] {
		fields := strings.Fields(line)
		if got := strings.Join(fields[len(fields)-3:], " "); got != want[i] {
			t.Errorf("ratios %q, want %q, in %q", got, want[i], line)
		}
	}
}
