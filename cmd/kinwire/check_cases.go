package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinwire/kinwire/conformance"
)

// planned is a case on a transport.
type planned struct {
	transport string
	conformance.Case
}

// plan returns what the patterns choose, in the order of the results.
func (o *checkOptions) plan() []planned {
	transports := o.transports
	if len(transports) == 0 {
		transports = conformance.Transports()
	}
	var plan []planned
	for _, transport := range transports {
		for _, c := range conformance.Cases() {
			p := planned{transport, c}
			if len(o.cases) == 0 || slices.ContainsFunc(o.cases, p.matches) {
				plan = append(plan, p)
			}
		}
	}
	return plan
}

// chosenCases returns the cases of a plan, each once.
func (o *checkOptions) chosenCases() []conformance.Case {
	var cases []conformance.Case
	for _, p := range o.plan() {
		if !slices.Contains(cases, p.Case) {
			cases = append(cases, p.Case)
		}
	}
	return cases
}

// matches reports whether a pattern chooses the case: by its name, with the transport before
// it or without.
func (p planned) matches(pattern string) bool {
	short, _ := path.Match(pattern, p.Name)
	long, _ := path.Match(pattern, p.transport+"/"+p.Name)
	return short || long
}

// checkPatterns returns which pattern of --case is none, or chooses nothing.
func (o *checkOptions) checkPatterns() error {
	all := checkOptions{transports: o.transports}
	for _, pattern := range o.cases {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("--case is %q, which is no pattern: %w", pattern, err)
		}
		if !slices.ContainsFunc(all.plan(), func(p planned) bool { return p.matches(pattern) }) {
			return fmt.Errorf("--case is %q, and no case has such a name; %s", pattern, nearTo(pattern, all.plan()))
		}
	}
	return nil
}

// nearTo hints at the cases that somebody may have had in mind.
func nearTo(pattern string, all []planned) string {
	word := strings.ToLower(strings.Trim(pattern, "/*?[]"))
	var near []string
	for _, p := range all {
		if area, _, _ := strings.Cut(p.Name, "/"); area == word {
			return fmt.Sprintf("'%s/*' are those about it", area)
		}
		if word != "" && strings.Contains(p.Name, word) && !slices.Contains(near, p.Name) {
			near = append(near, p.Name)
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
