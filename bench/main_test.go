package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain makes the test binary its own child, as main does, and fails the run if a
// goroutine is left over.
func TestMain(m *testing.M) {
	if code, isChild := serveIfChild(registered()); isChild {
		os.Exit(code)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each child of a -race run takes 1 s to exit
	if os.Getenv(orphanEnv) != "" {
		startOrphans()
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/kinwire/kinwire/process.serveStarts"),
		goleak.IgnoreAnyFunction("github.com/kinwire/kinwire/internal/guard.(*Keeper).watch")) // as that package says
}

const (
	orphanEnv    = "KINWIRE_BENCH_TEST_ORPHANS" // makes the test binary call startOrphans
	orphansReady = "ready\n"
)

// startOrphans starts a child of every peer, says so, and waits to be killed.
func startOrphans() {
	here, _ := present(registered())
	for _, p := range here {
		if _, ok := p.(SelfMeasurer); ok {
			continue
		}
		link, err := p.Start()
		if err == nil {
			_, err = link.Call(make([]byte, wordLen), nil)
		}
		if err != nil {
			os.Exit(exitFailed)
		}
	}
	os.Stdout.WriteString(orphansReady)
	time.Sleep(time.Hour)
}

// runBench runs the command in this process.
func runBench(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

func needPeers(t *testing.T) {
	t.Helper()
	if len(registered()) == 0 {
		t.Skip("no peers on this system")
	}
}

func TestJSONOfARealRun(t *testing.T) {
	needPeers(t)
	const list = "raw-mux,raw-pipes"
	chosen, err := choose("peer", list, registered(), peerName)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := runBench("-json", "-d", "5ms", "-rounds", "1", "-peer", list)
	if code != exitOK || errs != "" {
		t.Fatalf("status %d, stderr %q", code, errs)
	}
	got := map[string]bool{}
	for line := range strings.Lines(out) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		keys := slices.Sorted(maps.Keys(r))
		if want := []string{"in_flight", "mb_per_s", "ns_per_call", "p50_ns", "p99_ns", "peer", "size", "workload"}; !slices.Equal(keys, want) {
			t.Errorf("keys %v, want %v", keys, want)
		}
		for _, key := range []string{"ns_per_call", "p50_ns", "p99_ns"} {
			if n, ok := r[key].(float64); !ok || n <= 0 {
				t.Errorf("%s is %v, want a number above 0", key, r[key])
			}
		}
		got[r["peer"].(string)+" "+r["workload"].(string)] = true
	}
	for _, w := range workloads {
		for _, p := range chosen {
			if name := peerName(p) + " " + w.Name; got[name] != w.takes(p) {
				t.Errorf("%s: reported %v, want %v", name, got[name], w.takes(p))
			}
		}
	}
}

func TestTableOfARealRun(t *testing.T) {
	needPeers(t)
	code, out, _ := runBench("-d", "5ms", "-rounds", "1", "-workload", "rtt-64B")
	if code != exitOK || !strings.Contains(out, "x raw") || !strings.Contains(out, "1.00") {
		t.Fatalf("status %d, output:\n%s", code, out)
	}
}

func TestGoalsOfARealRun(t *testing.T) {
	needPeers(t)
	code, out, _ := runBench("-targets", "-d", "5ms", "-rounds", "1", "-workload", "start")
	if code != exitOK || !strings.Contains(out, "measured") || strings.Count(out, " ok")+strings.Count(out, "MISS") != 1 {
		t.Errorf("status %d, output:\n%s", code, out)
	}
}

func TestUsageErrors(t *testing.T) {
	needPeers(t)
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"-peer", "net-rpc,nope"}, []string{`unknown peer "nope"`, "valid: raw-blocking, ", "net-rpc"}},
		{[]string{"-workload", "nope"}, append([]string{`unknown workload "nope"`}, names(workloads, workloadName)...)},
		{[]string{"-peer", "net-rpc,"}, []string{`unknown peer ""`}},
		{[]string{"-peer", "raw-blocking", "-workload", "pipe64-64B"}, []string{"nothing to measure"}},
		{[]string{"-json", "-targets"}, []string{"-json", "-targets"}},
		{[]string{"-sweep", "-targets"}, []string{"-sweep", "-targets"}},
		{[]string{"-sweep", "-workload", "rtt-64B"}, []string{`unknown workload "rtt-64B"`, "64B-x1"}},
		{[]string{"-rounds", "0"}, []string{"-rounds 0"}},
		{[]string{"-d", "-1s"}, []string{"-d -1s"}},
		{[]string{"-frobnicate"}, []string{"frobnicate"}},
		{[]string{"extra"}, []string{`"extra"`}},
	} {
		code, out, errs := runBench(c.args...)
		if code != exitUsage || out != "" {
			t.Errorf("%v: status %d, stdout %q; want %d and nothing", c.args, code, out, exitUsage)
		}
		for _, s := range c.says {
			if !strings.Contains(errs, s) {
				t.Errorf("%v: stderr %q does not say %q", c.args, errs, s)
			}
		}
	}
}

func TestHelpNamesEverything(t *testing.T) {
	needPeers(t)
	code, out, errs := runBench("-h")
	if code != exitOK || errs != "" {
		t.Fatalf("status %d, stderr %q", code, errs)
	}
	want := append(names(registered(), peerName), names(workloads, workloadName)...)
	for _, s := range append(want, "-json", "-gobench", "-targets", "-sweep", "-rounds", "-d D", "ns_per_call", "left out") {
		if !strings.Contains(out, s) {
			t.Errorf("-h does not mention %q", s)
		}
	}
}
