package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinwire/kinwire/conformance"
)

// chosenCases returns the cases that are planned, each once.
func (o *checkOptions) chosenCases() []conformance.Case {
	var cases []conformance.Case
	for _, p := range o.forConformance().Plan() {
		if !slices.Contains(cases, p.Case) {
			cases = append(cases, p.Case)
		}
	}
	return cases
}

// checkPatterns returns which pattern of --case is none, or chooses nothing.
func (o *checkOptions) checkPatterns() error {
	for _, pattern := range o.cases {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("--case is %q, which is no pattern: %w", pattern, err)
		}
		if one := (conformance.Options{Transports: o.transports, Cases: []string{pattern}}); len(one.Plan()) == 0 {
			return fmt.Errorf("--case is %q, and no case has such a name; %s", pattern, nearTo(pattern))
		}
	}
	return nil
}

// nearTo hints at the cases that somebody may have had in mind.
func nearTo(pattern string) string {
	word := strings.ToLower(strings.Trim(pattern, "/*?[]"))
	var near []string
	for _, c := range conformance.Cases() {
		if area, _, _ := strings.Cut(c.Name, "/"); area == word {
			return fmt.Sprintf("'%s/*' are those about it", area)
		}
		if word != "" && strings.Contains(c.Name, word) {
			near = append(near, c.Name)
		}
	}
	switch {
	case len(near) == 0:
		return "kinwire check --list names all"
	case len(near) > mostHints:
		near = append(near[:mostHints], "...")
	}
	return "there is " + strings.Join(near, ", ")
}

// mostHints is how many cases a hint names.
const mostHints = 4
