package wire

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// The vectors of single elements, which the tables of SPEC.md make.

// A site is a place in a message where a value stands: an element, or a key of its map.
type site struct {
	message  string
	row      row
	elements []row
	at       int    // the element
	key      string // in its map, or ""
	fields   map[string]any
}

// sites are the places in all messages that the tables give a type, in their order.
func sites(t testing.TB) (all []site) {
	for ty := TypeInitialize; ty.Known(); ty++ {
		message := ty.String()
		elements := elementRows(t, message)
		for at, r := range elements {
			all = append(all, site{message: message, row: r, elements: elements, at: at, fields: defaults(t, message)})
			if r.kind != "map" {
				continue
			}
			for _, k := range keyRows(t, message) {
				all = append(all, site{message: message, row: k, elements: elements, at: at, key: k.name, fields: defaults(t, message)})
			}
		}
	}
	return all
}

// head is the body up to the value, with n elements behind the type.
func (s site) head(n int) []byte {
	body := appendArrayLen(nil, 1+n)
	for ty := TypeInitialize; ty.Known(); ty++ {
		if ty.String() == s.message {
			body = append(body, byte(ty))
		}
	}
	for _, before := range s.elements[:s.at] {
		body = append(body, filler[before.def])
	}
	return body
}

// body is the whole body with the value in its place.
func (s site) body(value []byte) []byte {
	body := s.head(len(s.elements))
	if s.key != "" {
		body = appendStr(append(body, 0x81), s.key)
	}
	body = append(body, value...)
	for _, behind := range s.elements[s.at+1:] {
		body = append(body, filler[behind.def])
	}
	return body
}

// ok is the vector in which the value reads as v.
func (s site) ok(t testing.TB, what string, value []byte, v any) vector {
	fields := maps.Clone(s.fields)
	name := s.elements[s.at].name
	switch {
	case s.key == "":
		fields[name] = v
	case s.message == "Pong":
		fields[name] = with(keyDefaults(t, s.message), map[string]any{s.key: v})
	default:
		fields[name] = with(fields[name].(map[string]any), map[string]any{s.key: v})
	}
	made := okVector(s.name(what), s.body(value), s.message, fields)
	made.To = toSide(s.body(value), fields)
	return made
}

// fatal is the vector in which the value breaks rules.
func (s site) fatal(what string, value []byte, rules ...Rule) vector {
	return fatalVector(string(rules[0])+"/"+strings.Replace(s.name(what), "/", "-", 1), s.body(value), rules...)
}

func (s site) name(what string) string {
	place := s.elements[s.at].name
	if s.key != "" {
		place = s.key
	}
	return slug(s.message) + "/" + slug(place) + "-" + slug(what)
}

// full are the places at which everything is tried that their type can be written as.
var full = []string{
	"Ping, seq", "Input, id", "Initialize, window", "Log, unix_ms", "Cancel, reason", "Input, method", "Initialize, map",
	"Pong, status", "Output, meta", "Initialize, versions", "Initialized, methods",
}

// elementVectors try at each place what its type can be written as, what its default stands
// for, the ends of its range, and what is wrong there.
func elementVectors(t testing.TB) (all []vector) {
	for _, s := range sites(t) {
		isFull := slices.Contains(full, s.message+", "+s.elements[s.at].name) && s.key == "" ||
			slices.Contains(full, s.message+", "+s.key)
		switch s.row.kind {
		case "int":
			all = append(all, s.ints(t, isFull)...)
		case "str":
			all = append(all, s.strs(t, isFull)...)
		case "map":
			all = append(all, s.maps(t, isFull)...)
		case "[int]", "[str]":
			all = append(all, s.lists(t, isFull)...)
		case "error map":
			all = append(all, s.errorMaps(t)...)
		case "any":
			all = append(all, s.ok(t, "nil", []byte{mpNil}, nil))
		default:
			t.Fatalf("%s has the type %s", s.name(""), s.row.kind)
		}
		if s.key == "" {
			all = append(all, s.missing()...)
		}
	}
	return all
}

// missing ends the body before the element.
func (s site) missing() []vector {
	if s.row.def == "required" {
		return []vector{fatalVector(string(s.required()[0])+"/"+slug(s.message)+"-"+slug(s.row.name)+"-missing", s.head(s.at), s.required()...)}
	}
	return []vector{okVector(s.name("missing"), s.head(s.at), s.message, s.fields)}
}

// required are the rules that nil breaks where a value is required.
func (s site) required() []Rule {
	if s.row.name == "id" {
		return []Rule{RuleID, RuleElement}
	}
	return []Rule{RuleElement}
}

func (s site) null(t testing.TB) vector {
	if s.row.def == "required" {
		return s.fatal("nil", []byte{mpNil}, s.required()...)
	}
	return s.ok(t, "nil", []byte{mpNil}, s.row.value(t))
}

func (s site) ints(t testing.TB, isFull bool) (all []vector) {
	least, most := int64(math.MinInt64), int64(MaxID)
	if s.row.limits != "any" {
		least, most = limits(t, s.row.limits)
		most = min(most, MaxID) // "0 or more" is below 2^53, says section 12
	}
	all = append(all, s.null(t))
	typical := max(least, 5)
	for _, w := range intWritings(typical) {
		if isFull || w.what == "uint64" || w.what == "float64" || len(all) == 1 {
			all = append(all, s.ok(t, w.what, w.value, s.seen(typical)))
		}
	}
	if least == math.MinInt64 {
		for _, w := range intWritings(-2) {
			all = append(all, s.ok(t, "minus-2-"+w.what, w.value, -2))
		}
	} else {
		all = append(all, s.belowLeast(least)...)
		all = append(all, s.ok(t, "least", appendInt(nil, least), s.atLeast(t, least)))
	}
	if s.row.limits != "any" {
		all = append(all, s.ok(t, "most", appendInt(nil, most), s.seen(most)))
	}
	switch {
	case most == math.MaxInt32 && s.message != "Credit":
		for _, w := range []writing{
			{"uint32", appendInt(nil, most+1)}, {"int64", []byte{mpInt64, 0, 1, 0, 0, 0, 0, 0, 0}},
			{"uint64", []byte{mpUint64, 255, 255, 255, 255, 255, 255, 255, 255}}, {"float64", float(1e15)},
		} {
			if isFull || w.what == "uint32" {
				all = append(all, s.ok(t, "over-the-most-"+w.what, w.value, most))
			}
		}
	case s.row.name == "id":
		all = append(all, s.fatal("2-to-the-53", appendInt(nil, most+1), RuleID, RuleElement))
		if isFull {
			all = append(all, s.fatal("2-to-the-53-float64", float(float64(most+1)), RuleID, RuleElement))
		}
	case s.row.limits != "any" && s.row.name != "seq":
		all = append(all, s.fatal("over-the-most", appendInt(nil, most+1), RuleElement))
	}
	for _, w := range wrong("int") {
		if isFull || w.what == "str" || w.what == "fraction" || w.what == "infinity" || w.what == "bool" {
			all = append(all, s.fatal(w.what, w.value, RuleElement))
		}
	}
	return all
}

// seen is an int as the receiver has it: of flags, only the bits that mean something.
func (s site) seen(v int64) any {
	if s.row.name == "flags" {
		return v & int64(FlagEnd|FlagError|FlagEmpty)
	}
	return v
}

// atLeast is what the least value reads as: in the maps of the handshake, 0 is the default.
func (s site) atLeast(t testing.TB, least int64) any {
	if least == 0 {
		return s.row.value(t)
	}
	return s.seen(least)
}

// belowLeast are the values under the range.
func (s site) belowLeast(least int64) []vector {
	switch {
	case s.row.name == "id":
		return []vector{s.fatal("0", []byte{0}, RuleID, RuleElement), s.fatal("minus-1", []byte{0xff}, RuleID, RuleElement)}
	case s.row.name == "max_frame":
		return []vector{
			s.fatal("1", []byte{1}, RuleMaxFrame, RuleElement), s.fatal("4095", appendInt(nil, least-1), RuleMaxFrame, RuleElement),
			s.fatal("minus-1", []byte{0xff}, RuleElement),
		}
	case least == 0:
		return []vector{s.fatal("minus-1", []byte{0xff}, RuleElement), s.fatal("least-int64", []byte{mpInt64, 0x80, 0, 0, 0, 0, 0, 0, 0}, RuleElement)}
	}
	return []vector{s.fatal("under-the-least", appendInt(nil, least-1), RuleElement)}
}

func (s site) strs(t testing.TB, isFull bool) (all []vector) {
	good, isLevel := "echo", s.row.limits != ""
	if isLevel {
		good = LevelError
	}
	all = append(all, s.null(t))
	for _, w := range strWritings(good) {
		if isFull || w.what == "str32" {
			all = append(all, s.ok(t, w.what, w.value, good))
		}
	}
	for _, text := range []struct{ what, sent, read string }{
		{"empty", "", ""}, {"utf-8", "grün ✓ 𝄞", "grün ✓ 𝄞"}, {"with-a-0", "a\x00b", "a\x00b"},
		{"invalid-utf-8", "a\xffb", "a\uFFFDb"}, {"cut-utf-8", "\xe2\x82x", "\uFFFDx"},
	} {
		if isFull || text.what == "invalid-utf-8" || text.what == "empty" {
			if isLevel {
				text.read = LevelInfo
			}
			all = append(all, s.ok(t, text.what, strWritings(text.sent)[0].value, text.read))
		}
	}
	for _, w := range wrong("str") {
		switch {
		case isLevel:
			all = append(all, s.ok(t, w.what, w.value, LevelInfo))
		case isFull || w.what == "bin" || w.what == "int":
			all = append(all, s.fatal(w.what, w.value, RuleElement))
		}
	}
	return all
}

// maps tries the maps as wholes; their keys are places of their own.
func (s site) maps(t testing.TB, isFull bool) (all []vector) {
	if s.key == "" && s.message != "Pong" {
		all = append(all, s.null(t))
	}
	// Of what is in it the receiver keeps all, or what the table names.
	kept := func(pairs ...any) any {
		switch s.message {
		case "Initialize", "Initialized":
			return s.fields["map"]
		case "Pong":
			return keyDefaults(t, s.message)
		}
		return map[string]any{"map": append([]any{}, pairs...)}
	}
	pair := []byte{0xa3, 'x', '.', 'y', 5}
	x := []any{"x.y", 5}
	all = append(all, s.ok(t, "empty", []byte{0x80}, kept()), s.ok(t, "unknown-key", append([]byte{0x81}, pair...), kept(x)))
	all = append(all, s.ok(t, "map32", append([]byte{mpMap32, 0, 0, 0, 1}, pair...), kept(x)))
	if isFull {
		all = append(all,
			s.ok(t, "map16", append([]byte{mpMap16, 0, 1}, pair...), kept(x)),
			s.ok(t, "key-of-str32", []byte{0x81, mpStr32, 0, 0, 0, 3, 'x', '.', 'y', 5}, kept(x)),
			s.ok(t, "key-of-invalid-utf-8", []byte{0x81, 0xa3, 'x', '.', 0xff, 5}, kept([]any{"x.\uFFFD", 5})),
			s.ok(t, "key-twice", []byte{0x82, 0xa3, 'x', '.', 'y', 4, 0xa3, 'x', '.', 'y', 5}, kept(x)),
			s.ok(t, "unknown-key-of-a-map", []byte{0x81, 0xa3, 'x', '.', 'y', 0x81, 0x05, 0x91, 0xc0}, kept(
				[]any{"x.y", map[string]any{"map": []any{[]any{5, map[string]any{"array": []any{nil}}}}}})),
		)
	}
	for _, w := range wrong("map") {
		if isFull || w.what == "array" || w.what == "ext" || w.what == "bool" {
			all = append(all, s.fatal(w.what, w.value, RuleElement))
		}
	}
	for _, key := range append(wrong("str"), writing{"nil", []byte{mpNil}}) {
		if isFull || key.what == "int" {
			all = append(all, s.fatal("key-of-"+key.what, append(append([]byte{0x81}, key.value...), 5), RuleElement))
		}
	}
	return all
}

func (s site) lists(t testing.TB, isFull bool) (all []vector) {
	item, v := writing{"", []byte{5}}, any(5)
	kind := strings.Trim(s.row.kind, "[]")
	if kind == "str" {
		item, v = writing{"", []byte{0xa1, 'z'}}, "z"
	}
	all = append(all, s.null(t), s.ok(t, "empty", []byte{0x90}, []any{}),
		s.ok(t, "array32", append([]byte{mpArray32, 0, 0, 0, 1}, item.value...), []any{v}))
	if isFull {
		all = append(all, s.ok(t, "array16", append([]byte{mpArray16, 0, 1}, item.value...), []any{v}))
		writings := intWritings(5)
		if kind == "str" {
			writings = strWritings("z")
		}
		for _, w := range writings {
			all = append(all, s.ok(t, "of-"+w.what, append([]byte{0x91}, w.value...), []any{v}))
		}
	}
	for _, w := range wrong("array") {
		if isFull || w.what == "str" || w.what == "map" {
			all = append(all, s.fatal(w.what, w.value, RuleElement))
		}
	}
	for _, w := range wrong(kind) {
		if isFull || w.what == "bool" {
			all = append(all, s.fatal("of-"+w.what, append([]byte{0x91}, w.value...), RuleElement))
		}
	}
	return all
}

func (s site) errorMaps(t testing.TB) (all []vector) {
	is := func(code, message string, data any) any {
		return map[string]any{"code": code, "message": message, "data": data}
	}
	str := func(keyValues ...string) (b []byte) {
		for _, s := range keyValues {
			b = appendStr(b, s)
		}
		return b
	}
	all = append(all, s.null(t),
		s.ok(t, "empty", []byte{0x80}, is(CodeFailed, "", nil)),
		s.ok(t, "empty-code", append([]byte{0x81}, str("code", "")...), is(CodeFailed, "", nil)),
		s.ok(t, "nil-code", append(append([]byte{0x81}, str("code")...), mpNil), is(CodeFailed, "", nil)),
		s.ok(t, "unknown-code", append([]byte{0x82}, str("code", "x.y", "message", "z")...), is("x.y", "z", nil)),
		s.ok(t, "data", append(append([]byte{0x82}, str("code", "x", "data")...), 0x81, 5, 0x91, mpTrue),
			is("x", "", map[string]any{"map": []any{[]any{5, map[string]any{"array": []any{true}}}}})),
		s.ok(t, "unknown-key", append([]byte{0x82}, str("code", "x", "y", "z")...), is("x", "", nil)),
		s.ok(t, "key-twice", append([]byte{0x82}, str("code", "x", "code", "y")...), is("y", "", nil)),
		s.fatal("code-of-int", append(append([]byte{0x81}, str("code")...), 5), RuleElement),
		s.fatal("message-of-bin", append(append([]byte{0x81}, str("message")...), mpBin8, 0), RuleElement),
		s.fatal("key-of-int", []byte{0x81, 5, 5}, RuleElement),
	)
	for _, w := range wrong("map") {
		all = append(all, s.fatal(w.what, w.value, RuleElement))
	}
	return all
}
