package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// The vectors that the tables, dumps and examples of SPEC.md make.

// A row is one of the tables of a message: of an element, or of a key in its map.
type row struct{ name, kind, limits, def string }

// elementRows and keyRows return the tables of a message.
func elementRows(t testing.TB, message string) (rows []row) {
	for _, r := range table(t, "### "+message, "position") {
		rows = append(rows, row{r[1], r[2], r[3], r[4]})
	}
	return rows
}

func keyRows(t testing.TB, message string) (rows []row) {
	switch message {
	case "Initialize", "Initialized", "Pong":
		for _, r := range table(t, "### "+message, "key") {
			rows = append(rows, row{strings.Trim(r[0], "`"), r[1], r[2], r[3]})
		}
	}
	return rows
}

// value is what nil and nothing read as.
func (r row) value(t testing.TB) any {
	switch def := strings.Trim(r.def, "`"); {
	case def == `""`:
		return ""
	case def == LevelInfo:
		return def
	case def == "none" && strings.HasPrefix(r.kind, "["):
		return []any{}
	case def == "none", def == "nil", def == "any":
		return nil
	case def == "required":
		return 1
	default:
		return number(t, def)
	}
}

// defaults are a message's fields where it has only what is required.
func defaults(t testing.TB, message string) map[string]any {
	fields := map[string]any{}
	for _, r := range elementRows(t, message) {
		fields[r.name] = r.value(t)
		if r.name == "map" {
			fields[r.name] = keyDefaults(t, message)
		}
	}
	return fields
}

func keyDefaults(t testing.TB, message string) map[string]any {
	fields := map[string]any{}
	for _, r := range keyRows(t, message) {
		fields[r.name] = r.value(t)
	}
	return fields
}

// dumpVectors are the dumps.
func dumpVectors(t testing.TB) (all []vector) {
	count := map[string]int{}
	for _, d := range dumps(t) {
		count[d.name]++
		fields := defaults(t, d.name)
		shown := fromText(t, d.value)
		within := fields
		if _, ok := fields["map"]; ok {
			within = fields["map"].(map[string]any)
		}
		for name, v := range shown {
			switch name {
			case "config", "meta", "payload", "fields":
				v = tagShown(v)
			case "error":
				v = with(map[string]any{"code": CodeFailed, "message": "", "data": nil}, v.(map[string]any))
			}
			if _, ok := within[name]; !ok {
				t.Fatalf("the dump of %s shows %s, which its tables don't have", d.name, name)
			}
			within[name] = v
		}
		all = append(all, vector{
			Name: fmt.Sprintf("%s/dump-%d", slug(d.name), count[d.name]), Message: d.name, To: toSide(d.frame[HeaderSize:], fields),
			Hex: hex.EncodeToString(d.frame), Verdict: verdictOK, Fields: fields,
		})
	}
	return all
}

// tagShown turns a value of a dump's first line into a tagged one. The keys of its maps are
// in the order of the alphabet.
func tagShown(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["bin"]; ok {
			return v
		}
		pairs := []any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, []any{key, tagShown(v[key])})
		}
		return map[string]any{"map": pairs}
	case []any:
		items := []any{}
		for _, e := range v {
			items = append(items, tagShown(e))
		}
		return map[string]any{"array": items}
	}
	return v
}

// toSide says to whom a sound message goes: an opening Input goes to the side whose parity
// its id has not.
func toSide(body []byte, fields map[string]any) string {
	if method, ok := fields["method"]; ok && method != nil {
		var id uint64
		fmt.Sscan(fmt.Sprint(fields["id"]), &id)
		return map[uint64]string{0: "parent", 1: "child"}[id%2]
	}
	return receiverOf(body)
}

func with(fields, more map[string]any) map[string]any {
	fields = maps.Clone(fields)
	maps.Copy(fields, more)
	return fields
}

// slug makes a part of a vector's name.
func slug(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r >= 'A' && r <= 'Z':
			if i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
				b.WriteByte('-')
			}
			b.WriteRune(r + 'a' - 'A')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

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

// A writing is one way to write a value.
type writing struct {
	what  string
	value []byte
}

// intWritings are all ways to write an int.
func intWritings(v int64) (all []writing) {
	add := func(fits bool, what string, lead byte, size int) {
		if fits {
			value := binary.BigEndian.AppendUint64(nil, uint64(v))[8-size:]
			all = append(all, writing{what, append([]byte{lead}, value...)})
		}
	}
	if v >= -32 && v < 128 {
		all = append(all, writing{"fixint", []byte{byte(v)}})
	}
	add(v >= 0 && v <= math.MaxUint8, "uint8", mpUint8, 1)
	add(v >= 0 && v <= math.MaxUint16, "uint16", mpUint16, 2)
	add(v >= 0 && v <= math.MaxUint32, "uint32", mpUint32, 4)
	add(v >= 0, "uint64", mpUint64, 8)
	add(v >= math.MinInt8 && v <= math.MaxInt8, "int8", mpInt8, 1)
	add(v >= math.MinInt16 && v <= math.MaxInt16, "int16", mpInt16, 2)
	add(v >= math.MinInt32 && v <= math.MaxInt32, "int32", mpInt32, 4)
	add(true, "int64", mpInt64, 8)
	if f := float32(v); int64(f) == v {
		all = append(all, writing{"float32", binary.BigEndian.AppendUint32([]byte{mpFloat32}, math.Float32bits(f))})
	}
	if f := float64(v); int64(f) == v {
		all = append(all, writing{"float64", float(f)})
	}
	return all
}

func float(f float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{mpFloat64}, math.Float64bits(f))
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

// wrong are values that are not of the type.
func wrong(kind string) (all []writing) {
	all = []writing{
		{"fraction", float(1.5)}, {"nan", float(math.NaN())},
		{"infinity", float(math.Inf(1))}, {"infinity-float32", []byte{mpFloat32, 0x7f, 0x80, 0, 0}},
		{"int", []byte{5}}, {"bool", []byte{mpTrue}}, {"str", []byte{0xa1, '5'}}, {"bin", []byte{mpBin8, 1, '5'}},
		{"array", []byte{0x91, 5}}, {"map", []byte{0x81, 0xa1, 'k', 5}}, {"ext", []byte{mpFixExt1, 5, 5}},
	}
	return slices.DeleteFunc(all, func(w writing) bool {
		return w.what == kind || kind != "int" && strings.Contains("nan infinity infinity-float32", w.what)
	})
}

// strWritings are all ways to write a str of less than 32 bytes.
func strWritings(s string) []writing {
	n := byte(len(s))
	return []writing{
		{"fixstr", append([]byte{0xa0 | n}, s...)}, {"str8", append([]byte{mpStr8, n}, s...)},
		{"str16", append([]byte{mpStr16, 0, n}, s...)}, {"str32", append([]byte{mpStr32, 0, 0, 0, n}, s...)},
	}
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

// fatalVectors are the examples of SPEC.md that show by their bytes, and the bad bodies and
// lengths of bad_test.go that the tables do not make.
func fatalVectors(t testing.TB) (all []vector) {
	for _, row := range table(t, "### Fatal", "rule") {
		if row[2] != "bytes" {
			continue
		}
		rule := Rule(strings.Trim(row[0], "`"))
		for i, e := range inCode(row[3]) {
			b := example(t, e)
			v := vector{
				Name: fmt.Sprintf("%s/%d", rule, i+1), To: "either", Hex: hex.EncodeToString(b), Verdict: verdictFatal, Rules: brokenRules(rule, e),
			}
			if rule != RuleFrameLength {
				v.To = receiverOf(b[HeaderSize:])
			}
			if rule == RuleBodyDepth {
				v.To = "parent" // a child may accept more levels
			}
			all = append(all, v)
		}
	}
	for _, b := range bad {
		v := fatalVector(string(b.rule)+"/"+slug(b.why), unhex(t, b.body), brokenRules(b.rule, b.body)...)
		if b.rule == RuleBodyDepth {
			v.To = "parent"
		}
		all = append(all, v)
	}
	for _, length := range []string{"01 00 00 01", "7f ff ff ff", "80 00 00 00", "ff ff ff ff", "02 00 00 00 91 0b", "0a 00 00 00 02 91 0b"} {
		b := unhex(t, length)
		all = append(all, vector{
			Name: fmt.Sprintf("%s/%s", RuleFrameLength, slug(length)), To: "either", Hex: hex.EncodeToString(b),
			Verdict: verdictFatal, Rules: []Rule{RuleFrameLength},
		})
	}
	return all
}

// brokenRules are all rules that a frame breaks which is an example of one.
func brokenRules(rule Rule, example string) []Rule {
	switch {
	case rule == RuleID, rule == RuleMaxFrame:
		return []Rule{rule, RuleElement} // and so out of the element's range
	case example == "c1":
		return []Rule{rule, RuleBodyByte}
	case strings.HasSuffix(example, "81 01"):
		return []Rule{rule, RuleBodyCut}
	}
	return []Rule{rule}
}

// ignoredVectors are of unknown types, and the examples of what is ignored: most of these
// are sound messages as far as their bytes show.
func ignoredVectors(t testing.TB) (all []vector) {
	ignored := func(name string, body []byte) {
		all = append(all, vector{Name: name, To: "either", Hex: hex.EncodeToString(frame(body)), Verdict: verdictIgnored})
	}
	for ty := GreaseFirst; ty <= GreaseLast; ty++ {
		ignored(fmt.Sprintf("grease/%d", ty), AppendGrease(nil, uint64(ty-GreaseFirst))[HeaderSize:])
	}
	for _, u := range []struct{ name, body string }{
		{"grease/alone", "91 70"},
		{"grease/of-all-kinds", "9c 7f c0 c3 c4 01 ff d4 05 05 ca 3f c0 00 00 cf ff ff ff ff ff ff ff ff a1 ff 91 90 82 c0 05 90 80 c7 00 05 d0 ff"},
		{"grease/array16", "dc 00 02 70 05"},
		{"grease/array32", "dd 00 00 00 02 70 05"},
		{"grease/float64", "91 cb 40 5c 00 00 00 00 00 00"},
		{"unknown-type/0", "91 00"},
		{"unknown-type/13", "92 0d 05"},
		{"unknown-type/111", "91 6f"},
		{"unknown-type/128", "92 cc 80 a1 7a"},
		{"unknown-type/2-to-the-32-plus-3", "92 cf 00 00 00 01 00 00 00 03 07"},
		{"unknown-type/2-to-the-53", "91 cf 00 20 00 00 00 00 00 00"},
		{"unknown-type/2-to-the-63", "91 cf 80 00 00 00 00 00 00 00"},
		{"unknown-type/2-to-the-64-less-1", "91 cf ff ff ff ff ff ff ff ff"},
		{"unknown-type/1e300", "91 cb 7e 37 e4 3c 88 00 75 9c"},
		{"unknown-type/-1", "91 ff"},
		{"unknown-type/-128", "91 d0 80"},
		{"unknown-type/least-int64", "91 d3 80 00 00 00 00 00 00 00"},
	} {
		ignored(u.name, unhex(t, u.body))
	}
	read := map[string]string{ // what the examples of known types read as, as far as their bytes show
		"an unknown key in a map":  "Initialize {}",
		"an unknown feature":       `Initialize {"features": ["z"]}`,
		"an unknown flag":          `Output {"id": 1, "flags": 1}`,
		"an element too many":      `Ping {"seq": 7}`,
		"Cancel without cancel":    `Cancel {"id": 3}`,
		"Credit without credit":    `Credit {"id": 3, "bytes": 1}`,
		"Log without log":          `Log {}`,
		"a continuing Input, Outp": `Input {"id": 99, "flags": 1}`,
		"a continuing Input or Ca": `Output {"id": 99, "flags": 1}`,
		"a continuing Input behin": `Input {"id": 1, "flags": 1}`,
		"a Pong nobody asked for":  `Pong {"seq": 99}`,
		"whatever comes after Exi": `Pong {"seq": 7}`,
	}
	for i, row := range table(t, "### Ignored and counted", "what") {
		name, b := fmt.Sprintf("ignored/%d", i+1), example(t, inCode(row[1])[0])[HeaderSize:]
		what := strings.ReplaceAll(row[0], "`", "")
		if strings.HasPrefix(what, "an unknown type") {
			ignored(name, b)
			continue
		}
		described := ""
		for begins, text := range read {
			if strings.HasPrefix(what, begins) {
				described = text
			}
		}
		message, text, ok := strings.Cut(described, " ")
		if !ok {
			t.Fatalf("what does the example of %q read as?", row[0])
		}
		fields := defaults(t, message)
		if message == "Initialize" {
			fields["map"] = with(fields["map"].(map[string]any), fromText(t, text))
		} else {
			fields = with(fields, fromText(t, text))
		}
		all = append(all, okVector(name, b, message, fields))
	}
	return all
}

// handshakeVectors are of the whole maps of the handshake.
func handshakeVectors(t testing.TB) (all []vector) {
	for _, h := range []struct{ name, message, body, fields string }{
		{"all-defaults", "Initialize", "92 01 80", "{}"},
		{"all-defaults", "Initialized", "92 02 80", "{}"},
		{"all-nil", "Initialize", "92 01 84 a8 76 65 72 73 69 6f 6e 73 c0 a9 6d 61 78 5f 66 72 61 6d 65 c0 a6 77 69 6e 64 6f 77 c0 a6 63 6f 6e 66 69 67 c0", "{}"},
		{"more-versions", "Initialize", "92 01 81 a8 76 65 72 73 69 6f 6e 73 94 01 02 cd 01 00 ff", `{"versions": [1, 2, 256, -1]}`},
		{"max-frame-0", "Initialize", "92 01 81 a9 6d 61 78 5f 66 72 61 6d 65 00", "{}"},
		{"max-frame-0", "Initialized", "92 02 81 a9 6d 61 78 5f 66 72 61 6d 65 00", "{}"},
		{"max-frame-4096", "Initialize", "92 01 81 a9 6d 61 78 5f 66 72 61 6d 65 cd 10 00", `{"max_frame": 4096}`},
		{"config-of-odd-keys", "Initialize", "92 01 81 a6 63 6f 6e 66 69 67 82 05 c0 c3 c4 01 ff", `{"config": {"map": [[5, null], [true, {"bin": "ff"}]]}}`},
		{"config-of-ext", "Initialize", "92 01 81 a6 63 6f 6e 66 69 67 d4 05 ff", `{"config": {"ext": [5, "ff"]}}`},
		{"config-of-invalid-utf-8", "Initialize", "92 01 81 a6 63 6f 6e 66 69 67 a3 61 ff 62", `{"config": "a\ufffdb"}`},
		{"key-twice", "Initialize", "92 01 82 a6 77 69 6e 64 6f 77 01 a6 77 69 6e 64 6f 77 02", `{"window": 2}`},
		{"array16", "Initialize", "dc 00 02 01 80", "{}"},
		{"element-too-many", "Initialize", "93 01 80 a1 7a", "{}"},
		{"element-too-many", "Initialized", "94 02 80 a1 7a 05", "{}"},
	} {
		fields := defaults(t, h.message)
		fields["map"] = with(fields["map"].(map[string]any), fromText(t, h.fields))
		all = append(all, okVector(slug(h.message)+"/"+h.name, unhex(t, h.body), h.message, fields))
	}
	return all
}
