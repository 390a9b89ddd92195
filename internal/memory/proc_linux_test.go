package memory

import (
	"os"
	"slices"
	"syscall"
	"testing"
)

func TestParseStat(t *testing.T) {
	const rest = "S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 100 200 300 18446744073709551615 1 1\n"
	want := process{pid: 5, parent: 7, group: 8, rss: 300 * pageSize}
	for _, stat := range []string{"5 (sh) " + rest, "5 () " + rest, "5 (a b) 1 2 (c) ) " + rest, "5 (\n) " + rest} {
		if p, ok := parseStat(5, []byte(stat)); !ok || p != want {
			t.Errorf("%q: %+v, %v", stat, p, ok)
		}
	}
	for _, stat := range []string{"", "5", "5 (sh)", "5 (sh) S 7 8"} {
		if p, ok := parseStat(5, []byte(stat)); ok {
			t.Errorf("%q: %+v", stat, p)
		}
	}
}

// What /proc has of this very process.
func TestThisProcess(t *testing.T) {
	ballast := make([]byte, 32<<20)
	for i := range ballast {
		ballast[i] = 1
	}
	all := appendProcesses(nil)
	at := slices.IndexFunc(all, func(p process) bool { return p.pid == os.Getpid() })
	if at < 0 {
		t.Fatalf("not among %d processes", len(all))
	}
	p := all[at]
	pss, ok := p.proportional()
	if p.parent != os.Getppid() || p.group != syscall.Getpgrp() || !ok || pss < 32<<20 || pss > p.rss+drift+8<<20 {
		t.Errorf("%+v, PSS %d, %v", p, pss, ok)
	}
	if init := slices.IndexFunc(all, func(p process) bool { return p.pid == 1 }); init < 0 {
		t.Error("no init")
	}
	if n, ok := (process{pid: 1 << 22, rss: 1}).proportional(); n != 0 || !ok { // beyond all pids
		t.Errorf("of a process that is gone: %d, %v", n, ok)
	}
	if ballast[1] != 1 {
		t.Error("never")
	}
}

// The expensive measure is left out where nobody cares.
func TestWeigh(t *testing.T) {
	self := []process{{pid: os.Getpid(), rss: 10 << 20}}
	if u := weigh(self, 1<<30); u.Kind != RSS || u.Bytes != 10<<20 || u.Processes != 1 {
		t.Errorf("far below: %+v", u)
	}
	if u := weigh(self, 10<<20+1); u.Kind != PSS {
		t.Errorf("nearly: %+v; RSS is not exact", u)
	}
	if u := weigh(self, 0); u.Kind != PSS {
		t.Errorf("everything matters: %+v", u)
	}
}
