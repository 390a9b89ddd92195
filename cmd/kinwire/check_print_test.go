package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/conformance"
)

// The results that the tests print: one of each kind, with all that they can have.
var (
	aCase = conformance.Case{
		Name: "ping/answered", Section: "12. Ping", Link: "wire/SPEC.md#12-ping",
		About: "Each Ping is answered with a Pong of the same seq",
	}
	passed   = conformance.Result{Case: aCase, Transport: "stdio", Verdict: conformance.Pass, Took: 12 * time.Millisecond}
	doubtful = conformance.Result{Case: aCase, Transport: "stdio", Verdict: conformance.Pass, Took: 2345 * time.Millisecond,
		Warnings: []string{"it goes on after a frame of length 0", "it exits with 1 and not 65"}}
	leftOut = conformance.Result{Case: aCase, Transport: "stdio", Verdict: conformance.Skip, Why: "there are no pings"}
	failed  = conformance.Result{Case: aCase, Transport: "socketpair", Verdict: conformance.Fail, Took: 99 * time.Millisecond,
		Why: "expected a Pong with seq 7; got one with seq 8", Expected: "a Pong with seq 7", Got: "a Pong\nwith seq 8",
		Bytes: "00 00 00 03 92 04 08", Frames: []string{"host -> worker: 00", "worker -> host: 01"},
		Stderr: "out of \x1b[31mcheese\n", Warnings: []string{"slow"}}
	nine    = slices.Repeat([]conformance.Planned{{Case: aCase, Transport: "stdio"}}, 9)
	aReport = checkReport{plan: nine, passed: 2, failed: 1, skipped: 1, warning: 3, took: 9840 * time.Millisecond}
)

func wantText(t *testing.T, got []byte, want string) {
	t.Helper()
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCheckText(t *testing.T) {
	p := textPrinter{}
	wantText(t, p.result(passed), "PASS stdio/ping/answered\n")
	wantText(t, p.result(leftOut), "SKIP stdio/ping/answered: there are no pings\n")
	wantText(t, p.result(doubtful), `PASS stdio/ping/answered
     warning   it goes on after a frame of length 0
     warning   it exits with 1 and not 65
     see       wire/SPEC.md#12-ping
`)
	wantText(t, p.result(failed), `FAIL socketpair/ping/answered: expected a Pong with seq 7; got one with seq 8
     rule      Each Ping is answered with a Pong of the same seq
     expected  a Pong with seq 7
     got       a Pong
               with seq 8
     bytes     00 00 00 03 92 04 08
     frames    host -> worker: 00
               worker -> host: 01
     stderr    out of `+"\ufffd"+`[31mcheese
     see       wire/SPEC.md#12-ping
     warning   slow
`)
	wantText(t, p.summary(aReport), "2 passed, 1 failed, 1 skipped, 5 not run, 3 warnings in 9.8 s\n")
	wantText(t, p.summary(checkReport{plan: nine[:1], passed: 1, warning: 1, took: 4 * time.Millisecond}),
		"1 passed, 0 failed, 0 skipped, 1 warning in 4 ms\n")
	other := aCase
	other.Name = "ping/x"
	wantText(t, p.list([]conformance.Case{aCase, other}), `ping/answered  Each Ping is answered with a Pong of the same seq (12. Ping)
ping/x         Each Ping is answered with a Pong of the same seq (12. Ping)
`)
}

func TestCheckTextColoured(t *testing.T) {
	p := textPrinter{picture: picture{coloured: true}, timed: true}
	wantText(t, p.result(passed), "\033[32mPASS\033[0m stdio/ping/answered\033[2m  12 ms\033[0m\n")
	wantText(t, p.result(leftOut), "\033[2mSKIP\033[0m stdio/ping/answered: there are no pings\033[2m  0 ms\033[0m\n")
	if got := string(p.result(failed)); !strings.HasPrefix(got, "\033[31mFAIL\033[0m ") || !strings.Contains(got, "\033[1mexpected\033[0m  a Pong") {
		t.Errorf("a failure is %q", got)
	}
	if got := string(p.result(doubtful)); !strings.Contains(got, "\033[33mwarning\033[0m   it") || !strings.Contains(got, "  2.3 s\033[0m\n") {
		t.Errorf("a warning is %q", got)
	}
	if got := string(p.summary(aReport)); !strings.HasPrefix(got, "\033[31m2 passed") {
		t.Errorf("a bad summary is %q", got)
	}
	if got := string(p.summary(checkReport{plan: nine[:1], passed: 1})); !strings.HasPrefix(got, "\033[32m1 passed") {
		t.Errorf("a good summary is %q", got)
	}
}

// All that there is to say is in the JSON as well, under names that stay.
func TestCheckJSON(t *testing.T) {
	for _, c := range []struct {
		line []byte
		want string
	}{
		{jsonPrinter{}.result(failed), `{
			"name": "socketpair/ping/answered", "verdict": "FAIL", "not_run": false, "why": "expected a Pong with seq 7; got one with seq 8",
			"transport": "socketpair", "case": "ping/answered", "section": "12. Ping", "link": "wire/SPEC.md#12-ping",
			"about": "Each Ping is answered with a Pong of the same seq",
			"expected": "a Pong with seq 7", "got": "a Pong\nwith seq 8", "bytes": "00 00 00 03 92 04 08",
			"frames": ["host -> worker: 00", "worker -> host: 01"], "stderr": "out of \u001b[31mcheese\n",
			"warnings": ["slow"], "took_ms": 99}`},
		{jsonPrinter{}.result(passed), `{
			"name": "stdio/ping/answered", "verdict": "PASS", "not_run": false, "why": "", "transport": "stdio", "case": "ping/answered",
			"section": "12. Ping", "link": "wire/SPEC.md#12-ping", "about": "Each Ping is answered with a Pong of the same seq",
			"expected": "", "got": "", "bytes": "", "frames": [], "stderr": "", "warnings": [], "took_ms": 12}`},
		{jsonPrinter{}.summary(aReport), `{"summary":
			{"passed": 2, "failed": 1, "skipped": 1, "warnings": 3, "not_run": 5, "took_ms": 9840}}`},
		{jsonPrinter{}.list([]conformance.Case{aCase}), `{"case": "ping/answered", "section": "12. Ping",
			"link": "wire/SPEC.md#12-ping", "about": "Each Ping is answered with a Pong of the same seq"}`},
	} {
		var got, want any
		if err := json.Unmarshal(c.line, &got); err != nil || strings.Count(string(c.line), "\n") != 1 {
			t.Fatalf("%q is no line of JSON: %v", c.line, err)
		}
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%s\nwant\n%s", c.line, c.want)
		}
	}
}

func TestCheckReport(t *testing.T) {
	r := checkReport{plan: nine, started: time.Now().Add(-12 * time.Second)}
	for _, result := range []conformance.Result{passed, doubtful, leftOut, failed} {
		r.add(result)
	}
	if r.passed != 2 || r.failed != 1 || r.skipped != 1 || r.warning != 3 || r.notRun() != 5 {
		t.Errorf("the report is %+v", r)
	}
	if got := r.progress(); !strings.HasPrefix(got, "4 of 9 done, 1 failed, 1") {
		t.Errorf("the progress is %q", got)
	}
	if got := r.cutShort(); got != "5 of 9 cases were not run, from stdio/ping/answered on" {
		t.Errorf("cut short, it says %q", got)
	}
	late := leftOut
	late.NotRun = true
	r.add(late)
	if r.skipped != 1 || r.notRun() != 5 || r.done() != 5 {
		t.Errorf("with a case for which there was no time, the report is %+v", r)
	}
	if got := r.cutShort(); got != "4 of 9 cases were not run, from stdio/ping/answered on" {
		t.Errorf("cut short, it says %q", got)
	}
	r.skipped += 4
	if got := r.cutShort(); got != "all cases had been run" {
		t.Errorf("cut short after the last one, it says %q", got)
	}
}
