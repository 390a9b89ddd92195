package wire

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The tests of this file read the tables, the dumps and the examples of SPEC.md and hold
// them against the code.

// spec returns the lines of SPEC.md.
func spec(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// table returns the rows of the table under a heading whose first column has that name.
func table(t testing.TB, heading, column string) [][]string {
	t.Helper()
	lines := spec(t)
	i := slices.Index(lines, heading)
	if i < 0 {
		t.Fatalf("no heading %q", heading)
	}
	var rows [][]string
	inside := false
	for _, line := range lines[i+1:] {
		switch {
		case inside && !strings.HasPrefix(line, "|"):
			return rows
		case inside && !strings.HasPrefix(line, "|---"):
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		case strings.HasPrefix(line, "#"):
			t.Fatalf("no table of %q under %q", column, heading)
		case strings.HasPrefix(line, "| "+column+" |"):
			inside = true
		}
	}
	return rows
}

// column returns one column of a table, without the marks of code.
func column(rows [][]string, i int) []string {
	var cells []string
	for _, row := range rows {
		cells = append(cells, strings.Trim(row[i], "`"))
	}
	return cells
}

// number reads a number, such as 2^31-1.
func number(t testing.TB, s string) int64 {
	t.Helper()
	switch s {
	case "2^31-1":
		return 1<<31 - 1
	case "2^53-1":
		return 1<<53 - 1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// inCode returns what stands in code marks in a cell.
func inCode(cell string) []string {
	var all []string
	for _, m := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

// example turns an example into bytes: "92 03 64*91" has 64 bytes of 91.
func example(t testing.TB, s string) []byte {
	t.Helper()
	var b []byte
	for _, word := range strings.Fields(s) {
		times, unit, ok := strings.Cut(word, "*")
		n := 1
		if ok {
			n = int(number(t, times))
		} else {
			unit = word
		}
		b = append(b, bytes.Repeat(unhex(t, unit), n)...)
	}
	return b
}

// receive reads one frame, as a side does whose limit is the default.
func receive(frame []byte) (Message, error) {
	body, _, err := NewReader(bytes.NewReader(frame)).Next()
	if err != nil {
		return Message{}, err
	}
	m, err := Parse(body)
	if err == nil && m.Type.Known() {
		_, err = readers[m.Type](m)
	}
	return m, err
}

// TestSpecTypes holds the table of types, who sends them, and their elements.
func TestSpecTypes(t *testing.T) {
	rows := table(t, "## 5. Messages", "type")
	if len(rows) != len(types)-1 {
		t.Fatalf("%d types", len(rows))
	}
	for _, row := range rows {
		ty := Type(number(t, row[0]))
		if !ty.Known() || ty.String() != row[1] {
			t.Errorf("%v is %v in the code", row, ty)
		}
		from := map[string]Side{"parent": Parent, "child": Child, "either": Parent | Child}[row[2]]
		if types[ty].from != from {
			t.Errorf("%v: another sender in the code", row)
		}
		elements := []string{row[0]}
		for _, e := range table(t, "### "+row[1], "position") {
			if e[0] != strconv.Itoa(len(elements)) {
				t.Errorf("%s: position %s", row[1], e[0])
			}
			elements = append(elements, e[1])
		}
		if got := "`[" + strings.Join(elements, ", ") + "]`"; got != row[3] {
			t.Errorf("%s has the elements %s, or %s", row[1], got, row[3])
		}
	}
}

// TestSpecElements tries for each element the wrong type, nil, both ends of its range, and
// that nothing is there.
func TestSpecElements(t *testing.T) {
	for ty := TypeInitialize; ty.Known(); ty++ {
		rows := table(t, "### "+ty.String(), "position")
		for i, row := range rows {
			// All other elements are their defaults, or 1 where there is none.
			body := func(n int) []byte {
				b := appendUint(appendArrayLen(nil, n), uint64(ty))
				for _, other := range rows[:min(i, n-1)] {
					b = append(b, filler[other[4]])
				}
				return b
			}
			try := func(value []byte) error {
				b := append(body(1+len(rows)), value...)
				for _, other := range rows[i+1:] {
					b = append(b, filler[other[4]])
				}
				_, err := read(b)
				return err
			}
			name := fmt.Sprintf("%v, %s", ty, row[1])
			switch err := try([]byte{mpTrue}); {
			case row[2] == "any" || name == "Log, level":
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			case ruleOf(err) != RuleElement:
				t.Errorf("%s of the wrong type: %v", name, err)
			}
			required := row[4] == "required"
			if err := try([]byte{mpNil}); (err != nil) != required {
				t.Errorf("%s is nil: %v", name, err)
			}
			if _, err := read(body(i + 1)); (err != nil) != required {
				t.Errorf("%s is missing: %v", name, err)
			}
			if row[2] == "int" && row[3] != "any" {
				least, most := limits(t, row[3])
				if err := try(appendInt(nil, least-1)); err == nil {
					t.Errorf("%s: %d is accepted", name, least-1)
				}
				for _, v := range []int64{least, most} {
					if err := try(appendInt(nil, v)); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
			if row[2] == "map" {
				if err := try([]byte{0x81, 1, 2}); ruleOf(err) != RuleElement {
					t.Errorf("%s with a key that is an int: %v", name, err)
				}
			}
		}
	}
}

// filler are the values of elements that a test is not about, by their default: nil, but 1
// for what is required.
var filler = map[string]byte{"required": 1, "nil": mpNil, "0": mpNil, "`\"\"`": mpNil, "`info`": mpNil}

// limits reads a range.
func limits(t testing.TB, s string) (least, most int64) {
	t.Helper()
	if s == "0 or more" {
		return 0, 1 << 62
	}
	from, to, ok := strings.Cut(s, " to ")
	if !ok {
		t.Fatalf("no range: %q", s)
	}
	return number(t, from), number(t, to)
}

// TestSpecKeys holds the keys of the handshake's maps and of the status: each is read into
// a field of its own, each that is written stands in the table, with its type and default.
func TestSpecKeys(t *testing.T) {
	full := map[Type]appender{TypeInitialize: good[0], TypeInitialized: good[1], TypePong: good[3]}
	for ty, all := range full {
		rows := table(t, "### "+ty.String(), "key")
		head := []byte{0x92, byte(ty)}
		if ty == TypePong {
			head = []byte{0x93, byte(ty), 7}
		}
		with := func(key string, value []byte) (appender, error) {
			return read(append(appendStr(append(bytes.Clone(head), 0x81), key), value...))
		}
		empty, err := read(append(bytes.Clone(head), 0x80))
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string]string{} // what differs from the empty message, by the key that does it
		for _, row := range rows {
			key, kind := strings.Trim(row[0], "`"), row[1]
			value := map[string][]byte{
				"int": {mpUint16, 0x27, 0x10}, "str": {0xa1, 'x'}, "[int]": {0x91, 5}, "[str]": {0x91, 0xa1, 'x'}, "any": {5}, "error map": {0x80},
			}[kind]
			got, err := with(key, value)
			if err != nil {
				t.Errorf("%v, %s: %v", ty, key, err)
				continue
			}
			diff := different(empty, got)
			if len(diff) != 1 || fields[diff[0]] != "" {
				t.Errorf("%v, %s is read into %v", ty, key, diff)
				continue
			}
			fields[diff[0]] = key
			if _, err := with(key, []byte{mpTrue}); (ruleOf(err) != RuleElement) != (kind == "any") {
				t.Errorf("%v, %s of the wrong type: %v", ty, key, err)
			}
			if got, err := with(key, []byte{mpNil}); err != nil || !same(got, empty) {
				t.Errorf("%v, %s that is nil: %v", ty, key, err)
			}
			if kind == "int" {
				least, most := limits(t, row[2])
				if _, err := with(key, appendInt(nil, least-1)); err == nil {
					t.Errorf("%v, %s of %d is accepted", ty, key, least-1)
				}
				if got, err := with(key, appendInt(nil, most+1)); err != nil || !same(got, must(with(key, appendInt(nil, most)))) {
					t.Errorf("%v, %s of %d: %v", ty, key, most+1, err)
				}
				if n := number(t, row[3]); n != 0 {
					if got := must(with(key, appendInt(nil, n))); !same(got, empty) {
						t.Errorf("%v: the default of %s is not %d", ty, key, n)
					}
				}
			}
		}
		if n := numFields(reflect.TypeOf(empty)); len(fields) != n && ty != TypePong {
			t.Errorf("%v has %d fields, %d of them have a key", ty, n, len(fields))
		}
		// What is written.
		m, err := Parse(all.Append(nil)[4:])
		if err != nil {
			t.Fatal(err)
		}
		c := m.elements()
		if ty == TypePong {
			c.raw()
		}
		var written []string
		f := c.fields("")
		for key, ok := c.next(&f); ok; key, ok = c.next(&f) {
			written = append(written, string(key))
		}
		if want := column(rows, 0); !slices.Equal(written, want) {
			t.Errorf("%v is written with %q, the table has %q", ty, written, want)
		}
	}
}

func must(m appender, err error) appender {
	if err != nil {
		panic(err)
	}
	return m
}

func numFields(ty reflect.Type) int { return ty.NumField() }

// different returns the names of fields in which two messages of a type differ.
func different(a, b appender) []string {
	if p, ok := a.(Pong); ok {
		return differentFields(reflect.ValueOf(p.Status), reflect.ValueOf(b.(Pong).Status))
	}
	return differentFields(reflect.ValueOf(a), reflect.ValueOf(b))
}

func differentFields(x, y reflect.Value) []string {
	var names []string
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			names = append(names, x.Type().Field(i).Name)
		}
	}
	return names
}

// TestSpecErrorMap holds the keys of the error map.
func TestSpecErrorMap(t *testing.T) {
	want := []string{"code", "message", "data"}
	if got := column(table(t, "## 9. Errors", "key"), 0); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	e := &Error{Code: "x", Message: "y", Data: Payload{5}}
	var m map[string]any
	if err := Payload(e.Append(nil)).Decode(&m); err != nil || !reflect.DeepEqual(m, map[string]any{"code": "x", "message": "y", "data": int64(5)}) {
		t.Errorf("%v, %v", m, err)
	}
}

// TestSpecLists holds the lists of codes, rules, features, flags, levels, exit codes and
// reserved keys.
func TestSpecLists(t *testing.T) {
	codes := table(t, "## 9. Errors", "code")
	if got := column(codes, 0); !slices.Equal(got, Codes) {
		t.Errorf("codes: %q", got)
	}
	for _, row := range codes {
		code := strings.Trim(row[0], "`")
		if (&Error{Code: code}).NotRun() != (row[1] == "yes") {
			t.Errorf("%s promises something else", code)
		}
	}
	var rules []Rule
	for _, r := range column(table(t, "### Fatal", "rule"), 0) {
		if !slices.Contains(rules, Rule(r)) {
			rules = append(rules, Rule(r))
		}
	}
	if !slices.Equal(rules, Rules) {
		t.Errorf("rules: %q", rules)
	}
	if got := column(table(t, "### Features", "feature"), 0); !slices.Equal(got, Features) {
		t.Errorf("features: %q", got)
	}
	flags := table(t, "## 7. Exchanges", "flag")
	if got, want := column(flags, 0), []string{"END", "ERROR", "EMPTY"}; !slices.Equal(got, want) {
		t.Errorf("flags: %q", got)
	}
	for i, f := range []Flags{FlagEnd, FlagError, FlagEmpty} {
		if got := number(t, flags[i][1]); got != int64(f) {
			t.Errorf("flag %s is %d", flags[i][0], got)
		}
	}
	levels := inCode(table(t, "### Log", "position")[0][3])
	if !slices.Equal(levels, []string{LevelDebug, LevelInfo, LevelWarn, LevelError}) {
		t.Errorf("levels: %q", levels)
	}
	if got, want := column(table(t, "## 2. Start", "code"), 0), fmt.Sprint(0, 1, ExitUsage, ExitViolation, ExitOrphaned); strings.Join(got, " ") != want {
		t.Errorf("exit codes: %q", got)
	}
	meta := column(table(t, "## 8. Meta and deadlines", "key"), 0)
	if !slices.Equal(meta, []string{KeyTimeout, "traceparent", "tracestate"}) {
		t.Errorf("keys of meta: %q", meta)
	}
}

// TestSpecLimits holds the table of limits.
func TestSpecLimits(t *testing.T) {
	want := []string{
		"1", fmt.Sprint(DefaultMaxFrame), fmt.Sprint(LeastMaxFrame), fmt.Sprint(DefaultWindow), fmt.Sprint(DefaultHostConcurrency),
		fmt.Sprint(MaxCredit), fmt.Sprint(int64(MaxID)), fmt.Sprint(MaxDepth), fmt.Sprint(MaxUnread), fmt.Sprintf("%d, %d", GreaseFirst, GreaseLast),
	}
	if got := column(table(t, "## 19. Limits", "limit"), 1); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestSpecFatal sends the examples of what is fatal. Those that depend on what was before
// are sound in themselves, and are for the tests of the engine.
func TestSpecFatal(t *testing.T) {
	for _, row := range table(t, "### Fatal", "rule") {
		rule := Rule(strings.Trim(row[0], "`"))
		examples := inCode(row[3])
		if len(examples) == 0 {
			t.Errorf("%s has no example", rule)
		}
		for _, e := range examples {
			m, err := receive(example(t, e))
			switch row[2] {
			case "bytes":
				if ruleOf(err) != rule {
					t.Errorf("%s: %s: %v", rule, e, err)
				}
			case "state":
				if err != nil {
					t.Errorf("%s: %s: %v", rule, e, err)
				}
				if rule == RuleSender && m.Type.From(Parent) {
					t.Errorf("a parent may send %s", m.Type)
				}
			default:
				t.Errorf("%s is seen in %q", rule, row[2])
			}
		}
	}
}

// TestSpecIgnored sends the examples of what is ignored: all are sound in themselves.
func TestSpecIgnored(t *testing.T) {
	for _, row := range table(t, "### Ignored and counted", "what") {
		for _, e := range inCode(row[1]) {
			if _, err := receive(example(t, e)); err != nil {
				t.Errorf("%s: %s: %v", row[0], e, err)
			}
		}
	}
}

// TestSpecAnswered holds the codes of what is answered.
func TestSpecAnswered(t *testing.T) {
	want := []string{CodeShuttingDown, CodeUnknownMethod, CodeOverloaded, CodeDeadlineExceeded, CodeBadInput}
	if got := column(table(t, "### Answered with an error Output", "what"), 1); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestSpecCredit reckons the example of credit.
func TestSpecCredit(t *testing.T) {
	var balance int64
	for _, row := range table(t, "## 11. Credit", "step") {
		bytes := number(t, row[2])
		if bytes < 0 && balance <= 0 {
			t.Errorf("step %s: sent at a balance of %d", row[0], balance)
		}
		balance += bytes
		if balance != number(t, row[3]) {
			t.Fatalf("step %s: the balance is %d, not %s", row[0], balance, row[3])
		}
	}
}

// A dump is one that SPEC.md shows.
type dump struct {
	name, value string
	frame       []byte
}

// dumps returns the dumps of SPEC.md.
func dumps(t testing.TB) []dump {
	t.Helper()
	var all []dump
	inside := false
	for _, line := range spec(t) {
		info, begins := strings.CutPrefix(line, "```dump ")
		switch {
		case begins:
			name, value, _ := strings.Cut(info, " ")
			all = append(all, dump{name: name, value: value})
			inside = true
		case line == "```":
			inside = false
		case inside:
			code, _, _ := strings.Cut(line, "#")
			all[len(all)-1].frame = append(all[len(all)-1].frame, unhex(t, code)...)
		}
	}
	return all
}

// TestSpecDumps makes every message that is dumped, and reads it back; there is a dump of
// every type.
func TestSpecDumps(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range dumps(t) {
		seen[d.name] = true
		want, err := fromDump(d.name, d.value)
		if err != nil {
			t.Errorf("%s %s: %v", d.name, d.value, err)
			continue
		}
		if got := want.Append(nil); !bytes.Equal(got, d.frame) {
			t.Errorf("%s %s\nis made as % x\nand dumped as % x", d.name, d.value, got, d.frame)
		}
		body, _, err := NewReader(bytes.NewReader(d.frame)).Next()
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		switch got, err := read(body); {
		case err != nil:
			t.Errorf("%s: %v", d.name, err)
		case !same(got, withDefaults(want)):
			t.Errorf("%s %s\nis read as %#v", d.name, d.value, got)
		}
	}
	for ty := TypeInitialize; ty.Known(); ty++ {
		if !seen[ty.String()] {
			t.Errorf("no dump of %v", ty)
		}
	}
}

// withDefaults is the message as its receiver reads it.
func withDefaults(m appender) appender {
	if m, ok := m.(Initialized); ok {
		m.MaxFrame = cmp.Or(m.MaxFrame, DefaultMaxFrame)
		m.Window = cmp.Or(m.Window, DefaultWindow)
		return m
	}
	return m
}

// fromDump makes the message that the first line of a dump describes.
func fromDump(name, value string) (appender, error) {
	var v struct {
		elements
		mapKeys
	}
	if err := decodeKnown([]byte(value), &v); err != nil {
		return nil, err
	}
	return v.message(name, v.mapKeys, shown)
}

// shown makes a payload of JSON as it is shown; {"bin": "ff00"} is a bin, and the keys of maps
// are in the order of the alphabet.
func shown(text json.RawMessage) Payload {
	if len(text) == 0 {
		return nil
	}
	var v any
	if err := decodeKnown(text, &v); err != nil {
		panic(err)
	}
	return payload(v)
}

func payload(v any) Payload {
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			panic(err)
		}
		return mustEncode(n)
	case map[string]any:
		if s, ok := v["bin"].(string); ok {
			b, err := hex.DecodeString(s)
			if err != nil {
				panic(err)
			}
			return mustEncode(b)
		}
		p := appendMapLen(nil, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			p = append(appendStr(p, key), payload(v[key])...)
		}
		return p
	case []any:
		p := appendArrayLen(nil, len(v))
		for _, e := range v {
			p = append(p, payload(e)...)
		}
		return p
	}
	return mustEncode(v)
}

// TestSpecGrease makes the frame of grease that is shown.
func TestSpecGrease(t *testing.T) {
	want := fmt.Sprintf("% x", AppendGrease(nil, 5))
	for _, line := range spec(t) {
		if code, _, _ := strings.Cut(line, "#"); strings.TrimSpace(code) == want {
			return
		}
	}
	t.Errorf("SPEC.md does not show %s", want)
}

// TestSpecContents holds the list of contents against the headings.
func TestSpecContents(t *testing.T) {
	var listed, there []string
	for _, line := range spec(t) {
		if m := regexp.MustCompile(`^\d+\. \[([^\]]*)\]\(#([^)]*)\)`).FindStringSubmatch(line); m != nil {
			n, _, _ := strings.Cut(line, ".")
			listed = append(listed, n+". "+m[1])
			if anchor := strings.ReplaceAll(strings.ToLower(n+" "+m[1]), " ", "-"); anchor != m[2] {
				t.Errorf("%s links to %s", m[1], m[2])
			}
		}
		if h, ok := strings.CutPrefix(line, "## "); ok {
			there = append(there, h)
		}
	}
	if !slices.Equal(listed, there) {
		t.Errorf("listed: %q\nthere:  %q", listed, there)
	}
}
