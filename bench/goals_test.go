package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestGoalsAreAboutWhatThereIs(t *testing.T) {
	needPeers(t)
	known := names(registered(), peerName)
	for _, g := range goals {
		if !slices.Contains(names(workloads, workloadName), g.workload) {
			t.Errorf("%v: no workload %s", g, g.workload)
		}
		for _, peer := range []string{g.peer, g.yardstick} {
			if !slices.Contains(known, peer) {
				t.Errorf("%v: no peer %s", g, peer)
			}
		}
	}
	for _, p := range goalPeers(registered()) {
		if peerName(p) == "net-rpc" {
			t.Error("net-rpc is measured for the goals, which do not need it")
		}
	}
}

func TestVerdicts(t *testing.T) {
	least, most := goal{figure: throughput, limit: 0.8}, goal{figure: mean, limit: 0.8}
	for _, c := range []struct {
		ratio       float64
		least, most string
	}{
		{0.79, "MISS", "ok"},
		{0.8, "ok", "ok"},
		{0.81, "ok", "MISS"},
	} {
		if got := least.verdict(c.ratio); got != c.least {
			t.Errorf("%v of at least 0.8 is %s", c.ratio, got)
		}
		if got := most.verdict(c.ratio); got != c.most {
			t.Errorf("%v of at most 0.8 is %s", c.ratio, got)
		}
	}
}

func TestGoalsBesideWhatWasMeasured(t *testing.T) {
	one := func(peer, workload string, ns, p50 float64) series {
		return series{peer, Workload{Name: workload, Size: 64}, []round{{nsPerCall: ns, p50: p50}}}
	}
	var out bytes.Buffer
	if err := writeGoals(&out, []series{
		one(baseline, "rtt-64B", 100, 10),
		one(pipesByHand, "rtt-64B", 100, 8),
		one(overSocketpair, "rtt-64B", 90, 13),
		one(overStdio, "rtt-64B", 100, 12),
		one(muxByHand, "stream-64KiB", 10, 1),
		one(overSocketpair, "stream-64KiB", 8, 1),
	}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"rtt-64B kinwire-socketpair p50 <= 1.25 x raw-blocking 1.30 MISS",
		"rtt-64B kinwire-socketpair mean <= 1.00 x raw-blocking 0.90 ok",
		"rtt-64B kinwire-socketpair mean <= 0.35 x raw-mux - -",
		"rtt-64B kinwire-stdio p50 <= 1.50 x raw-blocking 1.20 ok 1.50",
		"pipe64-64B kinwire-stdio mean <= 1.10 x raw-mux - - -",
		"stream-64KiB kinwire-socketpair bytes/s >= 0.80 x raw-mux 1.25 ok",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
}
