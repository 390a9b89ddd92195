package wire

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// vectorPayloads are values of every kind, as bytes and tagged.
var vectorPayloads = []struct{ name, bytes, tagged string }{
	{"nil", "c0", `null`},
	{"true", "c3", `true`},
	{"false", "c2", `false`},

	{"int-0", "00", `0`},
	{"int-127", "7f", `127`},
	{"int-128", "cc 80", `128`},
	{"int-255", "cc ff", `255`},
	{"int-256", "cd 01 00", `256`},
	{"int-65535", "cd ff ff", `65535`},
	{"int-65536", "ce 00 01 00 00", `65536`},
	{"int-2-to-the-31", "ce 80 00 00 00", `2147483648`},
	{"int-2-to-the-32-less-1", "ce ff ff ff ff", `4294967295`},
	{"int-2-to-the-32", "cf 00 00 00 01 00 00 00 00", `4294967296`},
	{"int-2-to-the-53-less-1", "cf 00 1f ff ff ff ff ff ff", `9007199254740991`},
	{"int-2-to-the-53", "cf 00 20 00 00 00 00 00 00", `{"int": "9007199254740992"}`},
	{"int-2-to-the-53-plus-1", "cf 00 20 00 00 00 00 00 01", `{"int": "9007199254740993"}`},
	{"int-2-to-the-63-less-1", "cf 7f ff ff ff ff ff ff ff", `{"int": "9223372036854775807"}`},
	{"int-2-to-the-63-less-1-signed", "d3 7f ff ff ff ff ff ff ff", `{"int": "9223372036854775807"}`},
	{"int-2-to-the-63", "cf 80 00 00 00 00 00 00 00", `{"int": "9223372036854775808"}`},
	{"int-2-to-the-64-less-1", "cf ff ff ff ff ff ff ff ff", `{"int": "18446744073709551615"}`},
	{"int-minus-1", "ff", `-1`},
	{"int-minus-32", "e0", `-32`},
	{"int-minus-33", "d0 df", `-33`},
	{"int-minus-128", "d0 80", `-128`},
	{"int-minus-129", "d1 ff 7f", `-129`},
	{"int-minus-32768", "d1 80 00", `-32768`},
	{"int-minus-32769", "d2 ff ff 7f ff", `-32769`},
	{"int-minus-2-to-the-31", "d2 80 00 00 00", `-2147483648`},
	{"int-minus-2-to-the-31-less-1", "d3 ff ff ff ff 7f ff ff ff", `-2147483649`},
	{"int-minus-2-to-the-53-plus-1", "d3 ff e0 00 00 00 00 00 01", `-9007199254740991`},
	{"int-minus-2-to-the-53", "d3 ff e0 00 00 00 00 00 00", `{"int": "-9007199254740992"}`},
	{"int-minus-2-to-the-63", "d3 80 00 00 00 00 00 00 00", `{"int": "-9223372036854775808"}`},
	{"int-5-uint64", "cf 00 00 00 00 00 00 00 05", `5`},
	{"int-5-int64", "d3 00 00 00 00 00 00 00 05", `5`},
	{"int-5-int8", "d0 05", `5`},

	{"float-1.5", "cb 3f f8 00 00 00 00 00 00", `{"float": "1.5"}`},
	{"float-1", "cb 3f f0 00 00 00 00 00 00", `{"float": "1"}`},
	{"float-minus-0", "cb 80 00 00 00 00 00 00 00", `{"float": "-0"}`},
	{"float-0.1", "cb 3f b9 99 99 99 99 99 9a", `{"float": "0.1"}`},
	{"float-largest", "cb 7f ef ff ff ff ff ff ff", `{"float": "1.7976931348623157e+308"}`},
	{"float-smallest", "cb 00 00 00 00 00 00 00 01", `{"float": "5e-324"}`},
	{"float-1e300", "cb 7e 37 e4 3c 88 00 75 9c", `{"float": "1e+300"}`},
	{"float-infinity", "cb 7f f0 00 00 00 00 00 00", `{"float": "Infinity"}`},
	{"float-minus-infinity", "cb ff f0 00 00 00 00 00 00", `{"float": "-Infinity"}`},
	{"float-nan", "cb 7f f8 00 00 00 00 00 01", `{"float": "NaN"}`},
	{"float32-1.5", "ca 3f c0 00 00", `{"float": "1.5"}`},
	{"float32-0.1", "ca 3d cc cc cd", `{"float": "0.10000000149011612"}`},
	{"float32-infinity", "ca 7f 80 00 00", `{"float": "Infinity"}`},
	{"float32-nan", "ca 7f c0 00 00", `{"float": "NaN"}`},

	{"str-empty", "a0", `""`},
	{"str-utf-8", "ac 67 72 c3 bc 6e e2 9c 93 f0 9d 84 9e", `"grün✓𝄞"`},
	{"str-with-a-0", "a3 61 00 62", `"a\u0000b"`},
	{"str-31", "bf" + strings.Repeat(" 61", 31), `"` + strings.Repeat("a", 31) + `"`},
	{"str-32", "d9 20" + strings.Repeat(" 61", 32), `"` + strings.Repeat("a", 32) + `"`},
	{"str-256", "da 01 00" + strings.Repeat(" 61", 256), `"` + strings.Repeat("a", 256) + `"`},
	{"str8-short", "d9 01 61", `"a"`},
	{"str16-short", "da 00 01 61", `"a"`},
	{"str32-short", "db 00 00 00 01 61", `"a"`},
	{"str-invalid-utf-8", "a3 61 ff 62", `"a\ufffdb"`},
	{"str-cut-utf-8", "a3 e2 82 78", `"\ufffdx"`},

	{"bin-empty", "c4 00", `{"bin": ""}`},
	{"bin-3", "c4 03 00 ff c1", `{"bin": "00ffc1"}`},
	{"bin-256", "c5 01 00" + strings.Repeat(" 00", 256), `{"bin": "` + strings.Repeat("00", 256) + `"}`},
	{"bin16-short", "c5 00 01 ff", `{"bin": "ff"}`},
	{"bin32-short", "c6 00 00 00 01 ff", `{"bin": "ff"}`},

	{"array-empty", "90", `{"array": []}`},
	{"array-mixed", "95 01 a1 61 c0 91 90 c4 01 ff", `{"array": [1, "a", null, {"array": [{"array": []}]}, {"bin": "ff"}]}`},
	{"array-16", "dc 00 10" + strings.Repeat(" 05", 16), `{"array": [5` + strings.Repeat(", 5", 15) + `]}`},
	{"array16-short", "dc 00 01 05", `{"array": [5]}`},
	{"array32-short", "dd 00 00 00 01 05", `{"array": [5]}`},

	{"map-empty", "80", `{"map": []}`},
	{"map-nested", "82 a1 61 81 a1 62 92 01 02 a1 63 c0", `{"map": [["a", {"map": [["b", {"array": [1, 2]}]]}], ["c", null]]}`},
	{"map-like-a-prototype", "82 a9 5f 5f 70 72 6f 74 6f 5f 5f 01 ab 63 6f 6e 73 74 72 75 63 74 6f 72 02", `{"map": [["__proto__", 1], ["constructor", 2]]}`},
	{"map16-short", "de 00 01 a1 61 05", `{"map": [["a", 5]]}`},
	{"map32-short", "df 00 00 00 01 a1 61 05", `{"map": [["a", 5]]}`},
	{"map-key-twice", "82 a1 61 04 a1 61 05", `{"map": [["a", 5]]}`},
	{"map-key-empty", "81 a0 05", `{"map": [["", 5]]}`},
	{"map-key-str8", "81 d9 01 61 05", `{"map": [["a", 5]]}`},
	{"map-key-int", "82 01 a1 61 02 a1 62", `{"map": [[1, "a"], [2, "b"]]}`},
	{"map-key-int-and-str", "82 a1 31 a1 61 01 a1 62", `{"map": [["1", "a"], [1, "b"]]}`},
	{"map-key-minus-1", "81 ff 05", `{"map": [[-1, 5]]}`},
	{"map-key-int-64-bit", "81 cf ff ff ff ff ff ff ff ff 05", `{"map": [[{"int": "18446744073709551615"}, 5]]}`},
	{"map-key-float", "81 cb 3f f8 00 00 00 00 00 00 05", `{"map": [[{"float": "1.5"}, 5]]}`},
	{"map-key-bool", "81 c3 05", `{"map": [[true, 5]]}`},
	{"map-key-nil", "81 c0 05", `{"map": [[null, 5]]}`},
	{"map-key-bin", "81 c4 01 ff 05", `{"map": [[{"bin": "ff"}, 5]]}`},
	{"map-key-array", "81 91 01 05", `{"map": [[{"array": [1]}, 5]]}`},
	{"map-key-map", "81 81 a1 61 01 05", `{"map": [[{"map": [["a", 1]]}, 5]]}`},
	{"map-key-ext", "81 d4 05 ff 05", `{"map": [[{"ext": [5, "ff"]}, 5]]}`},

	{"ext-empty", "c7 00 05", `{"ext": [5, ""]}`},
	{"ext-1", "d4 05 ff", `{"ext": [5, "ff"]}`},
	{"ext-2", "d5 7f ff 00", `{"ext": [127, "ff00"]}`},
	{"ext-3", "c7 03 00 01 02 03", `{"ext": [0, "010203"]}`},
	{"ext-4", "d6 80 01 02 03 04", `{"ext": [-128, "01020304"]}`},
	{"ext-8", "d7 05 01 02 03 04 05 06 07 08", `{"ext": [5, "0102030405060708"]}`},
	{"ext-16", "d8 05 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10", `{"ext": [5, "0102030405060708090a0b0c0d0e0f10"]}`},
	{"ext16-short", "c8 00 01 05 ff", `{"ext": [5, "ff"]}`},
	{"ext32-short", "c9 00 00 00 01 05 ff", `{"ext": [5, "ff"]}`},
	{"timestamp-32", "d6 ff 65 53 f1 00", `{"ext": [-1, "6553f100"]}`},
	{"timestamp-64", "d7 ff 1d 4d 3c 00 65 53 f1 00", `{"ext": [-1, "1d4d3c006553f100"]}`},
	{"timestamp-96", "c7 0c ff 1d cd 65 00 ff ff ff ff ff ff ff ff", `{"ext": [-1, "1dcd6500ffffffffffffffff"]}`},
	{"timestamp-of-a-wrong-length", "c7 03 ff 01 02 03", `{"ext": [-1, "010203"]}`},

	{"depth-63", strings.Repeat("91 ", 62) + "90", strings.Repeat(`{"array": [`, 63) + strings.Repeat(`]}`, 63)},
	{"depth-63-maps", strings.Repeat("81 a1 61 ", 62) + "80", strings.Repeat(`{"map": [["a", `, 62) + `{"map": []}` + strings.Repeat(`]]}`, 62)},
}

// payloadVectors carry every payload towards the child, as an opening Input, and towards the
// parent, as the Output that answers it.
func payloadVectors(t testing.TB) (all []vector) {
	for _, p := range vectorPayloads {
		value := fromText(t, `{"payload": `+p.tagged+`}`)["payload"]
		in := append(unhex(t, "96 05 01 01 a4 65 63 68 6f c0"), unhex(t, p.bytes)...)
		v := okVector("payload-to-child/"+p.name, in, "Input",
			with(defaults(t, "Input"), map[string]any{"flags": 1, "method": "echo", "payload": value}))
		v.To = "child"
		out := append(unhex(t, "95 06 01 01 c0"), unhex(t, p.bytes)...)
		w := okVector("payload-to-parent/"+p.name, out, "Output", with(defaults(t, "Output"), map[string]any{"flags": 1, "payload": value}))
		w.To = "parent"
		all = append(all, v, w)
	}
	return all
}

// exchangeVectors are what Inputs, Outputs and other messages of one exchange look like as
// wholes.
func exchangeVectors(t testing.TB) (all []vector) {
	for _, e := range []struct{ name, message, body, fields string }{
		{"flags-all-known", "Output", "95 06 01 07 c0 c0", `{"flags": 7}`},
		{"flags-all-of-uint8", "Output", "95 06 01 cc ff c0 c0", `{"flags": 7}`},
		{"flags-only-unknown", "Output", "95 06 01 cc f8 c0 05", `{"payload": 5}`},
		{"empty-with-a-payload", "Output", "95 06 01 05 c0 05", `{"flags": 5, "payload": 5}`},
		{"error-of-nothing", "Output", "93 06 01 02", `{"flags": 2}`},
		{"error-of-a-str", "Output", "95 06 01 02 c0 a1 78", `{"flags": 2, "payload": "x"}`},
		{"error-of-an-int-code", "Output", "95 06 01 03 c0 81 a4 63 6f 64 65 05", `{"flags": 3, "payload": {"map": [["code", 5]]}}`},
		{"error-of-an-empty-code", "Output", "95 06 01 03 c0 81 a4 63 6f 64 65 a0", `{"flags": 3, "payload": {"map": [["code", ""]]}}`},
		{"error-with-data", "Output", "95 06 01 03 c0 82 a4 63 6f 64 65 a3 78 2e 79 a4 64 61 74 61 93 01 02 03",
			`{"flags": 3, "payload": {"map": [["code", "x.y"], ["data", {"array": [1, 2, 3]}]]}}`},
		{"id-over-2-to-the-32", "Output", "95 06 cf 00 00 00 01 00 00 00 01 01 c0 05", `{"id": 4294967297, "flags": 1, "payload": 5}`},
		{"body-of-array16", "Output", "dc 00 05 06 01 01 c0 05", `{"flags": 1, "payload": 5}`},
		{"body-of-array32", "Output", "dd 00 00 00 05 06 01 01 c0 05", `{"flags": 1, "payload": 5}`},
		{"type-of-uint64", "Output", "95 cf 00 00 00 00 00 00 00 06 01 01 c0 05", `{"flags": 1, "payload": 5}`},
		{"type-of-float32", "Output", "95 ca 40 c0 00 00 01 01 c0 05", `{"flags": 1, "payload": 5}`},
		{"opening-alone", "Input", "94 05 01 00 a0", `{"method": ""}`},
		{"opening-of-the-child", "Input", "96 05 02 01 a4 65 63 68 6f c0 05", `{"id": 2, "flags": 1, "method": "echo", "payload": 5}`},
		{"opening-with-an-error", "Input", "96 05 01 02 a0 c0 80", `{"flags": 2, "method": "", "payload": {"map": []}}`},
		{"timeout-nil", "Input", "95 05 01 00 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 c0", `{"method": "", "meta": {"map": [["timeout_ms", null]]}}`},
		{"timeout-0", "Input", "95 05 01 00 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 00", `{"method": "", "meta": {"map": [["timeout_ms", 0]]}}`},
		{"timeout-minus-1", "Input", "95 05 01 00 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 ff", `{"method": "", "meta": {"map": [["timeout_ms", -1]]}}`},
		{"timeout-float64", "Input", "95 05 01 00 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 cb 40 8f 40 00 00 00 00 00",
			`{"method": "", "meta": {"map": [["timeout_ms", {"float": "1000"}]]}}`},
		{"timeout-2-to-the-53", "Input", "95 05 01 00 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 cf 00 20 00 00 00 00 00 00",
			`{"method": "", "meta": {"map": [["timeout_ms", {"int": "9007199254740992"}]]}}`},
		{"timeout-twice", "Input", "95 05 01 00 a0 82 aa 74 69 6d 65 6f 75 74 5f 6d 73 01 aa 74 69 6d 65 6f 75 74 5f 6d 73 02",
			`{"method": "", "meta": {"map": [["timeout_ms", 2]]}}`},
		{"traceparent-of-int", "Input", "95 05 01 00 a0 81 ab 74 72 61 63 65 70 61 72 65 6e 74 05",
			`{"method": "", "meta": {"map": [["traceparent", 5]]}}`},
		{"element-too-many", "Ping", "94 03 07 a1 7a c0", `{"seq": 7}`},
		{"element-too-many", "Pong", "94 04 07 c0 a1 7a", `{"seq": 7}`},
		{"element-too-many", "Cancel", "94 07 03 a0 05", `{"id": 3}`},
		{"element-too-many", "Credit", "94 08 03 01 05", `{"id": 3, "bytes": 1}`},
		{"element-too-many", "Log", "96 09 a5 65 72 72 6f 72 05 a1 78 c0 05", `{"level": "error", "unix_ms": 5, "message": "x"}`},
		{"element-too-many", "Shutdown", "94 0a 05 a0 05", `{"grace_ms": 5}`},
		{"element-too-many", "ShutdownAck", "93 0b 05 05", `{"in_flight": 5}`},
		{"element-too-many", "Exiting", "94 0c 05 a0 05", `{"code": 5}`},
		{"fields-of-odd-values", "Log", "95 09 a5 65 72 72 6f 72 05 a1 78 82 a1 61 d4 05 ff a1 62 81 05 c0",
			`{"level": "error", "unix_ms": 5, "message": "x", "fields": {"map": [["a", {"ext": [5, "ff"]}], ["b", {"map": [[5, null]]}]]}}`},
	} {
		fields := with(defaults(t, e.message), fromText(t, e.fields))
		body := unhex(t, e.body)
		v := okVector(slug(e.message)+"/"+e.name, body, e.message, fields)
		v.To = toSide(body, fields)
		if e.name == "type-of-uint64" || e.name == "type-of-float32" || strings.HasPrefix(e.name, "body-of") {
			v.To = "either"
		}
		all = append(all, v)
	}
	return all
}

// TestVectorPayloads decodes the payloads of the vectors into an any, and finds what they say
// there; only what Go has no value for may fail.
func TestVectorPayloads(t *testing.T) {
	for _, p := range vectorPayloads {
		var got any
		err := Payload(unhex(t, p.bytes)).Decode(&got)
		if odd := p.name == "map-key-array" || p.name == "map-key-map" || p.name == "map-key-bin" ||
			p.name == "map-key-ext" || strings.HasPrefix(p.name, "ext-") || strings.HasPrefix(p.name, "ext16") || strings.HasPrefix(p.name, "ext32") ||
			p.name == "timestamp-of-a-wrong-length"; odd {
			if err == nil {
				t.Errorf("%s is decoded as %v", p.name, got)
			}
			continue
		}
		if strings.HasPrefix(p.name, "timestamp") {
			if s := fmt.Sprintf("%T", got); s != "*time.Time" && s != "time.Time" || err != nil {
				t.Errorf("%s: %s, %v", p.name, s, err)
			}
			continue
		}
		want := fromText(t, `{"payload": `+p.tagged+`}`)["payload"]
		if err != nil || inJSON(t, tagOf(got)) != inJSON(t, want) {
			t.Errorf("%s: %v, %v, want %s", p.name, got, err, p.tagged)
		}
	}
}

// tagOf tags what Decode stores in an any.
func tagOf(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"bin": hex.EncodeToString(v)}
	case string:
		return toValidUTF8(v)
	case int64:
		if v > MaxID || v < -MaxID {
			return map[string]any{"int": fmt.Sprint(v)}
		}
	case uint64:
		if v > MaxID {
			return map[string]any{"int": fmt.Sprint(v)}
		}
	case float64:
		return taggedFloat(v)
	case float32:
		return taggedFloat(float64(v))
	case []any:
		all := []any{}
		for _, e := range v {
			all = append(all, tagOf(e))
		}
		return map[string]any{"array": all}
	case map[string]any:
		return map[string]any{"map": tagPairs(v)}
	case map[any]any:
		return map[string]any{"map": tagPairs(v)}
	}
	return v
}

func tagPairs[K comparable](m map[K]any) []any {
	pairs := []any{}
	for key, v := range m {
		pairs = append(pairs, []any{tagOf(key), tagOf(v)})
	}
	slices.SortFunc(pairs, func(a, b any) int { return strings.Compare(fmt.Sprintf("%q", a), fmt.Sprintf("%q", b)) })
	return pairs
}
