package main

import (
	"strings"
	"testing"

	"github.com/kinwire/kinwire/conformance"
)

// What is listed is what is planned, each case once.
func TestChosenCases(t *testing.T) {
	for _, o := range []struct {
		checkOptions
		want int
	}{
		{checkOptions{}, len(conformance.Cases())},
		{checkOptions{cases: []string{"handshake/version", "stdio/*/version"}}, 1},
	} {
		if got := len(o.chosenCases()); got != o.want {
			t.Errorf("%q: %d cases are listed, want %d", o.cases, got, o.want)
		}
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
