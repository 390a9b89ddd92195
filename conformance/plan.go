package conformance

import (
	"path"
	"slices"
)

// Planned is a case that is to run on a transport.
type Planned struct {
	Case      Case
	Transport string
}

// Name returns the transport, a slash, and the name of the case.
func (p Planned) Name() string { return p.Transport + "/" + p.Case.Name }

// Plan returns what [Run] runs with these options, in the order of its results. A transport
// that this system lacks, and a pattern that is none, are errors of Run alone.
func (o Options) Plan() []Planned {
	var plan []Planned
	for _, transport := range o.transports() {
		for _, c := range Cases() {
			if o.selects(transport, c.Name) {
				plan = append(plan, Planned{c, transport})
			}
		}
	}
	return plan
}

// selects reports whether the case is to run on that transport.
func (o Options) selects(transport, name string) bool {
	matches := func(pattern string) bool {
		short, _ := path.Match(pattern, name)
		long, _ := path.Match(pattern, transport+"/"+name)
		return short || long
	}
	return len(o.Cases) == 0 || slices.ContainsFunc(o.Cases, matches)
}
