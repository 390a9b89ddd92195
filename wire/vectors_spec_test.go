package wire

import (
	"encoding/hex"
	"fmt"
	"maps"
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
