package conformance

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// The tests of this file hold SPEC.md against the cases: each rule has a case, or a reason why
// nobody outside of a worker can see whether it is kept.

// reason is why there is no case.
type reason string

// What is not a worker's to keep, or not to be seen.
const (
	ofTheParent reason = "a rule for parents"
	inside      reason = "not to be seen from outside of the worker's process"
	inPassing   reason = "each frame that comes is held against it, in rules.go and rules_exchange.go"
)

// covered are cases, or one reason.
type covered []any

var fatalRows = map[string]covered{
	"a length of 0, or over the receiver's `max_frame`":                {"violation/frame-length-*"},
	"a body that is no array, or an empty one":                         {"violation/body-array-*"},
	"a body that ends inside a value, or promises more items than fit": {"violation/body-cut", "violation/body-cut-*"},
	"bytes behind the body's array":                                    {"violation/body-rest"},
	"0xc1 where a value begins":                                        {"violation/body-byte"},
	"more than 64 levels":                                              {"violation/body-depth", "violation/body-depth-million"},
	"an element of the envelope, or a value in one of its maps, of the wrong type or out of its range; a key that is no str; Input or Output with an element too many": {"violation/element-type-*"},
	"an id that is missing, nil, under 1 or over 2^53-1":                    {"violation/exchange-id-0", "violation/exchange-id-nil", "violation/exchange-id-large"},
	"an opening id with the parity of the other side's: the parent opens 2": {"violation/exchange-id-even"},
	"an opening id that is open already: the parent opens 1 twice":          {"violation/exchange-id-open"},
	"a message that its sender may not send: Pong from the parent":          {"violation/sender"},
	"a message that may not come yet: Ping before Initialized":              {"violation/order-early"},
	"a message that may not come again: Initialize twice":                   {"violation/order-twice"},
	"an opening Input from a child without `host-call`":                     {ofTheParent, "host-call/not-in-force"},
	"an Input or Output at a balance of 0 or less":                          {"violation/credit"},
	"a `max_frame` from 1 to 4095":                                          {"violation/max-frame"},
}

var ignoredRows = map[string]covered{
	"an unknown type, at any time":                {"grease/*"},
	"an unknown key in a map":                     {"handshake/unknown-keys", "body/unknown-meta"},
	"an unknown feature":                          {"handshake/unknown-features"},
	"an unknown flag":                             {"exchange/unknown-flags"},
	"an element too many, Input and Output aside": {"body/extra-elements"},
	"Cancel without `cancel` in force":            {"cancel/not-in-force"},
	"Credit without `credit` in force":            {"credit/not-in-force"},
	"Log without `log` in force":                  {ofTheParent, "log/not-in-force"},
	"a continuing Input, Output, Cancel or Credit for an exchange that has ended or never was":                         {"exchange/over", "host-call/over"},
	"a continuing Input or Cancel for an exchange that the receiver opened, or an Output for one that it did not open": {"host-call/over", "exchange/output-from-host"},
	"a continuing Input behind the END of its direction":                                                               {"exchange/behind-end"},
	"a Pong nobody asked for":      {ofTheParent},
	"whatever comes after Exiting": {ofTheParent},
}

var answeredRows = map[string]covered{
	"an opening Input after Shutdown, or after an unasked ShutdownAck":              {"shutdown/goes-on", "shutdown/sigterm"},
	"a method that does not exist":                                                  {"exchange/unknown-method"},
	"an opening Input beyond `concurrency`":                                         {"exchange/overloaded"},
	"a `timeout_ms` of 0 or less":                                                   {"deadline/past"},
	"a payload that the handler can't decode; no value where the handler needs one": {"error/bad-input", "exchange/no-value"},
}

var exitCodes = map[string]covered{
	"0":  {"shutdown/idle"},
	"1":  {"handshake/no-common-version"},
	"64": {"start/no-transport"},
	"65": {"violation/*"},
	"69": {"eof/*"},
}

var features = map[string]covered{
	"`credit`":    {"credit/*"},
	"`cancel`":    {"cancel/*"},
	"`log`":       {"log/*"},
	"`host-call`": {"host-call/*"},
}

var codes = map[string]covered{
	"`unknown_method`":      {"exchange/unknown-method"},
	"`overloaded`":          {"exchange/overloaded"},
	"`shutting_down`":       {"shutdown/goes-on"},
	"`bad_input`":           {"error/bad-input"},
	"`failed`":              {"error/promises"},
	"`panicked`":            {"error/panic"},
	"`canceled`":            {"cancel/waiting", "shutdown/grace-over"},
	"`deadline_exceeded`":   {"deadline/*"},
	"`too_large`":           {"frame/too-large"},
	"`unsupported_version`": {"handshake/no-common-version"},
}

var flags = map[string]covered{
	"END":   {"exchange/one-end", "exchange/end-later"},
	"ERROR": {"exchange/input-error"},
	"EMPTY": {"exchange/value-later", "exchange/meta-alone"},
}

var limits = map[string]covered{
	"least length of a body":                                 {"violation/frame-length-0"},
	"greatest length of a body, until a side says otherwise": {"handshake/large-config", "frame/large"},
	"least `max_frame`":                                      {"violation/max-frame", "frame/max-frame-of-host"},
	"`window`, if a side does not say":                       {"credit/granted"},
	"exchanges of the child, if the parent does not say":     {inPassing, "host-call/concurrency"},
	"greatest Credit, and greatest balance":                  {"credit/saturates"},
	"greatest id":                                            {"exchange/ids", "violation/exchange-id-large"},
	"levels of a body":                                       {"body/depth", "violation/body-depth"},
	"unread payloads of an exchange without credit":          {reason("what a worker keeps unread is inside of it, and its handlers read")},
	"first and last type of grease":                          {"grease/types"},
}

var times = map[string]covered{
	"from the end of the grace to Exiting":        {"shutdown/grace-over"},
	"from end of file to the child's exit":        {"eof/*"},
	"grace of a child's own Shutdown, on SIGTERM": {"shutdown/sigterm"},
}

// checklist has the beginnings of the items.
var checklist = map[string]covered{
	"The variable is read and removed":     {inside, "start/no-transport", "start/unknown-transport", "start/descriptors"},
	"On stdio, prints go to stderr":        {"log/print", "start/descriptors"},
	"SIGINT is ignored":                    {"start/sigint", "shutdown/sigterm", "shutdown/sigterm-idle"},
	"Short reads and short writes":         {"frame/cut", "frame/bytewise", "frame/large"},
	"A length is checked":                  {"violation/frame-length-*"},
	"A body is checked before":             {"violation/body-cut-bomb", "violation/body-cut-bomb-input"},
	"Ints of all widths":                   {"body/wide-ints", "body/float-ints", "body/missing-elements", "body/extra-elements"},
	"Ids over 2^32 survive":                {"exchange/ids"},
	"Booleans are no ints":                 {"violation/element-type-bool", "violation/element-type-method", "payload/bool"},
	"Map keys of payloads may be anything": {"payload/map-keys", "payload/container-keys"},
	"Unknown types, keys, flags":           {"grease/*", "handshake/unknown-keys", "exchange/unknown-flags", "handshake/unknown-features"},
	"Frames for exchanges that are over":   {"exchange/over"},
	"Every opening Input gets exactly one": {"exchange/one-end", "error/panic", "frame/too-large"},
	"A frame is never written":             {"exchange/many", inPassing},
	"Nothing over the parent's":            {"frame/too-large", inPassing},
	"Pings are answered while":             {"ping/busy-handlers", "shutdown/goes-on"},
	"Every Shutdown is acknowledged":       {"shutdown/shorter", "shutdown/longer"},
	"`timeout_ms` ends the exchange":       {"deadline/waiting", "deadline/handler"},
	"End of file ends":                     {"eof/busy-handler"},
	"A violation prints one line":          {"violation/*"},
	"With `credit`: length counts":         {"credit/kept", "credit/granted-small", inPassing},
	"With `cancel`: what waits":            {"cancel/waiting-outputs"},
	"With `host-call`: even ids":           {"host-call/answer"},
}

func TestSpecIsCovered(t *testing.T) {
	for _, test := range []struct {
		heading string
		column  int
		want    map[string]covered
	}{
		{"### Fatal", 1, fatalRows},
		{"### Ignored and counted", 0, ignoredRows},
		{"### Answered with an error Output", 0, answeredRows},
		{"### Features", 0, features},
		{"## 7. Exchanges", 0, flags},
		{"## 19. Limits", 0, limits},
	} {
		var rows []string
		for _, row := range tables(t, test.heading)[0] {
			rows = append(rows, row[test.column])
		}
		holdCovered(t, test.heading, rows, test.want)
	}
	holdCovered(t, "exit codes", firsts(tables(t, "## 2. Start")[1]), exitCodes)
	holdCovered(t, "codes", firsts(tables(t, "## 9. Errors")[1]), codes)
	holdCovered(t, "times", firsts(tables(t, "## 19. Limits")[1]), times)
	var items []string
	for _, line := range section(t, "## 22. Checklist for porters") {
		item, ok := strings.CutPrefix(line, "- [ ] ")
		if !ok {
			continue
		}
		for begin := range checklist {
			if strings.HasPrefix(item, begin) {
				item = begin
			}
		}
		items = append(items, item)
	}
	holdCovered(t, "checklist", items, checklist)
}

// holdCovered holds that rows and what covers them are the same, and that each is covered.
func holdCovered(t *testing.T, where string, rows []string, want map[string]covered) {
	t.Helper()
	if len(rows) == 0 {
		t.Errorf("%s: no rows", where)
	}
	for _, row := range rows {
		by, ok := want[row]
		if !ok {
			t.Errorf("%s: no case, and no reason why there is none, for %q", where, row)
		}
		for _, c := range by {
			name, ok := c.(string)
			if ok && !slices.ContainsFunc(Cases(), func(c Case) bool { return matches(name, c.Name) }) {
				t.Errorf("%s: %q: there is no case %s", where, row, name)
			}
		}
	}
	for row := range want {
		if !slices.Contains(rows, row) {
			t.Errorf("%s: SPEC.md has no row %q", where, row)
		}
	}
}

// Each case names a section that there is.
func TestSections(t *testing.T) {
	lines := strings.Split(spec(t), "\n")
	seen := map[string]bool{}
	for _, c := range Cases() {
		if !slices.Contains(lines, "## "+c.Section) {
			t.Errorf("%s: SPEC.md has no section %q", c.Name, c.Section)
		}
		if !strings.Contains(spec(t), "]("+strings.TrimPrefix(c.Link, "wire/SPEC.md")+")") {
			t.Errorf("%s: the contents of SPEC.md have no link %s", c.Name, c.Link)
		}
		if c.About == "" || seen[c.Name] {
			t.Errorf("%s: about %q, seen before: %v", c.Name, c.About, seen[c.Name])
		}
		seen[c.Name] = true
	}
}

func spec(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../wire/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section returns the lines below a heading, up to the next one.
func section(t *testing.T, heading string) []string {
	t.Helper()
	lines := strings.Split(spec(t), "\n")
	i := slices.Index(lines, heading)
	if i < 0 {
		t.Fatalf("SPEC.md has no heading %q", heading)
	}
	rest := lines[i+1:]
	if end := slices.IndexFunc(rest, func(line string) bool { return strings.HasPrefix(line, "#") }); end >= 0 {
		rest = rest[:end]
	}
	return rest
}

// tables returns the rows of each table below a heading.
func tables(t *testing.T, heading string) [][][]string {
	t.Helper()
	var all [][][]string
	var rows [][]string
	for _, line := range append(section(t, heading), "") {
		switch {
		case strings.HasPrefix(line, "|"):
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		case len(rows) > 2:
			all = append(all, rows[2:]) // without its head
			rows = nil
		}
	}
	if len(all) == 0 {
		t.Fatalf("SPEC.md has no table below %q", heading)
	}
	return all
}

func firsts(rows [][]string) []string {
	var cells []string
	for _, row := range rows {
		cells = append(cells, row[0])
	}
	return cells
}

// matches reports whether a name is among the patterns, which spaces separate.
func matches(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool {
		ok, _ := path.Match(pattern, name)
		return ok
	})
}
