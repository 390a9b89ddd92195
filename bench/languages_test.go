package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadRound(t *testing.T) {
	r, err := readRound([]byte(`{"wall_ns": 4000, "latencies": {"100": 3, "900": 1}}`))
	if want := (round{calls: 4, nsPerCall: 1000, p50: 100, p99: 900}); err != nil || r != want {
		t.Errorf("%+v, %v, want %+v", r, err, want)
	}
	for _, text := range []string{
		"", "Traceback", `{}`, `{"wall_ns": 5, "latencies": {}}`, `{"wall_ns": 0, "latencies": {"5": 1}}`,
		`{"wall_ns": 5, "latencies": {"0": 1}}`, `{"wall_ns": 5, "latencies": {"5": 0}}`, `{"wall_ns": 5, "latencies": {"x": 1}}`,
	} {
		if r, err := readRound([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, r)
		}
	}
}

// A measurement that fails says what its program has printed.
func TestForeignFails(t *testing.T) {
	shell := language{func() (string, error) { return "sh", nil }}
	for script, want := range map[string]string{"mp_pipe.py": "mp_pipe.py: exit status", "missing": "missing"} {
		p := foreign{info: Info{Name: "x"}, language: shell, script: script}
		if _, err := p.Measure(workloads[0], time.Millisecond, defaultStall); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	missing := foreign{language: language{func() (string, error) { return "", errors.New("no shell") }}}
	if _, err := missing.Measure(workloads[0], time.Millisecond, defaultStall); err == nil || err.Error() != "no shell" {
		t.Error(err)
	}
}

// Who asks for a peer that is not there is told so; for all others it is left out.
func TestMissingPeers(t *testing.T) {
	missing := foreign{info: Info{Name: "foreign"}, language: language{func() (string, error) { return "", errors.New("no interpreter") }}}
	all := []Peer{fakePeer{name: "here"}, missing}
	o, err := parseOptions(nil, all)
	if err != nil || !slices.Equal(names(o.plan.peers, peerName), []string{"here"}) {
		t.Errorf("%v, %v", names(o.plan.peers, peerName), err)
	}
	if len(o.missing) != 1 || o.missing[0].Error() != "foreign is left out: no interpreter" {
		t.Error(o.missing)
	}
	if _, err := parseOptions([]string{"-peer", "foreign"}, all); err == nil || !strings.Contains(err.Error(), "no interpreter") {
		t.Error(err)
	}
}
