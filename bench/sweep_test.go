package main

import (
	"slices"
	"strings"
	"testing"
)

func TestSweepPoints(t *testing.T) {
	got := strings.Join(names(sweepWorkloads(), workloadName), " ")
	want := "64B-x1 256B-x1 1KiB-x1 4KiB-x1 16KiB-x1 64KiB-x1 256KiB-x1 1MiB-x1 4MiB-x1 " +
		"64B-x2 64B-x4 64B-x8 64B-x16 64B-x32 64B-x64 64B-x128 64B-x256 64B-x512"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSweepOfTheMainPeers(t *testing.T) {
	needPeers(t)
	o, err := parseOptions([]string{"-sweep"}, registered())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(o.plan.peers); got != strings.Count(sweepPeers, ",")+1 {
		t.Errorf("%d peers, want those of %s", got, sweepPeers)
	}
	for _, w := range o.plan.workloads {
		peers := names(o.plan.peersFor(w), peerName)
		if got, want := slices.Contains(peers, baseline), w.InFlight == 1; got != want {
			t.Errorf("%s on %s: %v, want %v", baseline, w.Name, got, want)
		}
		if got, want := slices.Contains(peers, "ttrpc"), w.Size < 4*miB; got != want {
			t.Errorf("ttrpc on %s: %v, want %v", w.Name, got, want)
		}
	}
}

func TestAPointOfASweep(t *testing.T) {
	needPeers(t)
	code, out, errs := runBench("-sweep", "-json", "-d", "5ms", "-rounds", "1", "-workload", "64B-x4", "-peer", muxByHand)
	if code != exitOK || errs != "" || !strings.Contains(out, `"size":64,"in_flight":4`) || strings.Count(out, "\n") != 1 {
		t.Errorf("status %d, stderr %q, stdout %q", code, errs, out)
	}
}
