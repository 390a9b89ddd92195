package conformance

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// definition is a case and how it is tried.
type definition struct {
	Case
	// on is the worker that it is tried on: one of its own, or one shared with others.
	on    stage
	needs []need
	// within is how much time the rule leaves, if it is about time. A failure that comes later may
	// be due to a machine that stalls, so the case has further chances.
	within time.Duration
	run    func(*trial)
}

// needing says what a case needs.
func (d *definition) needing(needs ...need) *definition {
	d.needs = needs
	return d
}

// stage is which worker a case is tried on.
type stage int

const (
	// alone: the case starts its workers itself.
	alone stage = iota
	// standard: one that was offered all features, with the usual limits.
	standard
	// bare: one that was offered no feature.
	bare
	// tight: one that was offered all features, a window of a byte, the least max_frame, and
	// one exchange at a time.
	tight

	stages
)

// hello is what the workers of a stage are told.
func (s stage) hello() wire.Initialize {
	hello := wire.Initialize{
		Versions: []int{wire.Version},
		Worker:   "conformance",
		Features: wire.Features,
		LogLevel: wire.LevelDebug,
	}
	switch s {
	case bare:
		hello.Features = nil
	case tight:
		hello.MaxFrame, hello.Window, hello.Concurrency = wire.LeastMaxFrame, 1, 1
	}
	return hello
}

// need is something that not every worker has.
type need struct {
	feature wire.Feature
	method  string
}

func feature(f wire.Feature) need { return need{feature: f} }
func method(name string) need     { return need{method: name} }

// lacks returns what a worker that answered with info does not have, or "".
func (n need) lacks(info *wire.Initialized) string {
	switch {
	case n.feature != "" && !slices.Contains(info.Features, n.feature):
		return "the worker does not name the feature " + n.feature
	case n.method != "" && info.Methods != nil && !slices.Contains(info.Methods, n.method):
		return "the worker lists no method " + quote(n.method)
	}
	return ""
}

// definitions are all cases. The first one tells whether the worker starts at all.
var definitions = slices.Concat(
	startCases,
	handshakeCases,
	frameCases,
	bodyCases,
	payloadCases,
	exchangeCases,
	deadlineCases,
	errorCases,
	cancelCases,
	creditCases,
	pingCases,
	logCases,
	shutdownCases,
	eofCases,
	violationCases,
	greaseCases,
	hostCallCases,
)

// in completes cases of an area: their names begin with it, and they are of that section of
// SPEC.md unless they say otherwise.
func in(area, section string, cases ...*definition) []*definition {
	for _, d := range cases {
		d.Name = area + "/" + d.Name
		if d.Section == "" {
			d.Section = section
		}
		d.Link = "wire/SPEC.md#" + anchor(d.Section)
	}
	return cases
}

var notInAnchors = regexp.MustCompile(`[^a-z0-9 -]`)

// anchor is what a heading is called in a link.
func anchor(heading string) string {
	return strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}
