package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/kinwire/kinwire/conformance"
)

// What is planned is what package conformance runs, and in that order.
func TestCheckPlan(t *testing.T) {
	for _, o := range []checkOptions{
		{cases: []string{"handshake/version"}},
		{cases: []string{"handshake/version", "stdio/start/handshake"}},
		{cases: []string{"stdio/handshake/version"}, transports: []string{"stdio"}},
		{cases: []string{"*/handshake/version"}},
	} {
		var want, got []string
		for _, p := range o.plan() {
			want = append(want, p.transport+"/"+p.Name)
		}
		results, err := conformance.Run(t.Context(), conformance.Worker{Command: []string{"echo-worker"}}, o.forConformance())
		if err != nil {
			t.Fatal(err)
		}
		for r := range results {
			got = append(got, r.Name())
		}
		if !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%q ran %q, and %q was planned", o.cases, got, want)
		}
	}
	all := checkOptions{}
	if got, want := len(all.plan()), len(conformance.Cases())*len(conformance.Transports()); got != want {
		t.Errorf("%d cases are planned, want %d", got, want)
	}
	if got, want := len(all.chosenCases()), len(conformance.Cases()); got != want {
		t.Errorf("%d cases are listed, want %d", got, want)
	}
}

func TestCheckPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"handshake/version":      "",
		"*/version":              "",
		"stdio/*/version":        "",
		"handshake":              `--case is "handshake", and no case has such a name; 'handshake/*' are those about it`,
		"handshake/nothing":      "kinwire check --list names all",
		"versio":                 "there is handshake/version",
		"[":                      "which is no pattern: syntax error in pattern",
		"socketpair/start/*":     "no case has such a name",
		"stdio/handshake/versio": "kinwire check --list names all",
	} {
		o := checkOptions{transports: []string{"stdio"}, cases: []string{"start/*", pattern}}
		switch err := o.checkPatterns(); {
		case err == nil && want == "":
		case err == nil || want == "" || !strings.Contains(err.Error(), want):
			t.Errorf("%s: the error is %v, want %q", pattern, err, want)
		}
	}
}
