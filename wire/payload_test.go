package wire

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// TestDecodeAny decodes into an any: which Go value stands for which msgpack.
func TestDecodeAny(t *testing.T) {
	for _, c := range []struct {
		payload string
		want    any
	}{
		{"", nil},
		{"c0", nil},
		{"c3", true},
		{"05", int64(5)},
		{"ff", int64(-1)},
		{"cc c8", int64(200)},
		{"cd 01 2c", int64(300)},
		{"d1 ff 00", int64(-256)},
		{"cf 00 00 00 00 00 00 00 05", int64(5)},
		{"cf ff ff ff ff ff ff ff ff", uint64(math.MaxUint64)},
		{"ca 3f c0 00 00", float32(1.5)},
		{"cb 3f f8 00 00 00 00 00 00", 1.5},
		{"a2 68 69", "hi"},
		{"c4 02 68 ff", []byte{'h', 0xff}},
		{"c4 00", []byte{}},
		{"93 01 c4 01 ff a1 78", []any{int64(1), []byte{0xff}, "x"}},
		{"80", map[string]any{}},
		{"82 a1 61 05 a1 62 91 c4 01 01", map[string]any{"a": int64(5), "b": []any{[]byte{1}}}},
		{"82 a1 61 05 a1 61 06", map[string]any{"a": int64(6)}},
		{"82 a1 61 05 07 c4 01 ff", map[any]any{"a": int64(5), int64(7): []byte{0xff}}},
		{"81 c0 05", map[any]any{nil: int64(5)}},
		{"81 a1 61 81 01 80", map[string]any{"a": map[any]any{int64(1): map[string]any{}}}},
		{"d6 ff 00 00 00 05", time.Unix(5, 0)},
		{"d7 ff ff ff ff fc 00 00 00 00", time.Unix(0, 1<<30-1)}, // nanoseconds over a second are carried
		{"c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff", time.Unix(math.MaxInt64, 0)},
	} {
		var got any
		if err := Payload(unhex(t, c.payload)).Decode(&got); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, %v; want %#v", c.payload, got, err, c.want)
		}
		// The same, where the library decodes into an any of its own accord.
		var in struct {
			Any  any
			List []any
			Map  map[string]any
		}
		p := fmt.Sprintf("83 a3 416e79 %s a4 4c697374 91 %[1]s a3 4d6170 81 a1 6b %[1]s", cmp.Or(c.payload, "c0"))
		if err := Payload(unhex(t, p)).Decode(&in); err != nil {
			t.Errorf("%s in a struct: %v", c.payload, err)
		} else if !reflect.DeepEqual([]any{in.Any, in.List, in.Map}, []any{c.want, []any{c.want}, map[string]any{"k": c.want}}) {
			t.Errorf("%s in a struct: %#v; want %#v", c.payload, in, c.want)
		}
	}
}

// TestDecodeFails decodes what can't be decoded into a type, with an error for each.
func TestDecodeFails(t *testing.T) {
	type node map[string]node
	for _, c := range []struct {
		why, payload string
		into         any
	}{
		{"a str for an int", "a1 31", new(int)},
		{"a bool for an int", "c3", new(int)},
		{"a fraction for an int", "cb 3f f8 00 00 00 00 00 00", new(int)},
		{"300 for an int8", "cd 01 2c", new(int8)},
		{"2^32+5 for a uint32", "cf 00 00 00 01 00 00 00 05", new(uint32)},
		{"2^64-1 for an int64", "cf ff ff ff ff ff ff ff ff", new(int64)},
		{"2^63 for a float, where the library makes it negative", "cf 80 00 00 00 00 00 00 00", new(float64)},
		{"a negative number for a uint64", "ff", new(uint64)},
		{"an array for a str", "91 05", new(string)},
		{"an int for a []byte", "05", new([]byte)},
		{"5 bytes for 4", "c4 05 01 02 03 04 05", new([4]byte)},
		{"an array of 2 for a struct of 1", "92 01 02", new(struct{ A int })},
		{"a key that is an int", "81 01 02", new(struct{ A int })},
		{"a key that is an array", "81 91 01 02", new(any)},
		{"a key that is a map", "81 80 02", new(any)},
		{"a key that is a bin", "81 c4 01 61 02", new(any)},
		{"a key that can't be hashed", "81 91 01 02", new(map[any]any)},
		{"no ext that anybody knows", "d4 63 00", new(any)},
		{"an interned string", "d4 80 00", new(any)},
		{"an interned string for a str", "d4 80 00", new(string)},
		{"a time of no bytes", "c7 00 ff", new(any)},
		{"a time of 5 bytes", "c7 05 ff 00 00 00 00 00", new(time.Time)},
		{"a time of 16 bytes", "d8 ff" + strings.Repeat(" 00", 16), new(any)},
		{"a map of 2^32-1 inside an ext", "c7 05 01 df ff ff ff ff", new(map[string]any)},
		{"a map of 2^32-1 inside a fixext", "d8 01 df ff ff ff ff" + strings.Repeat(" 00", 11), new(map[string]string)},
		{"a map inside an ext", "d5 01 81 a1", new(node)},
		{"a map behind an empty ext", "92 c7 00 01 80", new([]node)},
		{"an ext for a struct", "d4 01 80", new(struct{ A int })},
		{"two values", "01 02", new(any)},
		{"a cut value", "92 01", new(any)},
		{"0xc1", "c1", new(any)},
		{"an array of 2^32-1", "dd ff ff ff ff", new([]int64)},
		{"a map of 2^32-1", "df ff ff ff ff", new(map[string]any)},
		{"a bin of 2^32-1", "c6 ff ff ff ff", new([]byte)},
		{"64 levels", strings.Repeat("91 ", 63) + "90", new(any)},
		{"no pointer", "01", 5},
		{"a nil pointer", "01", (*any)(nil)},
	} {
		p := Payload(unhex(t, c.payload))
		if err := p.Decode(c.into); err == nil {
			t.Errorf("%s: decoded into %#v", c.why, reflect.Indirect(reflect.ValueOf(c.into)))
		}
	}
}

// TestDecodeLoose states where the library takes what a stricter one would not.
func TestDecodeLoose(t *testing.T) {
	for _, c := range []struct {
		why, payload string
		want         any
	}{
		{"a str for a []byte", "a2 68 69", []byte("hi")},
		{"a bin for a string", "c4 02 68 69", "hi"},
		{"an int for a float", "05", 5.0},
		{"nil for an int", "c0", 0},
		{"nil for a struct", "c0", struct{ A int }{}},
		{"an array for a struct of as many fields", "92 01 02", struct{ A, B int }{1, 2}},
		{"a key in another case is another key", "81 a1 61 05", struct{ A int }{}},
		{"an unknown field", "82 a1 41 05 a1 7a 91 dc 00 01 c7 00 05", struct{ A int }{5}},
		{"invalid UTF-8", "a1 ff", "\xff"},
		{"a duration without end", "d3 80 00 00 00 00 00 00 00", time.Duration(math.MinInt64)},
	} {
		into := reflect.New(reflect.TypeOf(c.want))
		if err := Payload(unhex(t, c.payload)).Decode(into.Interface()); err != nil || !reflect.DeepEqual(into.Elem().Interface(), c.want) {
			t.Errorf("%s: %#v, %v", c.why, into.Elem(), err)
		}
	}
}

// TestDecodeBounded decodes bombs that pass every check, in memory and stack that are in
// proportion to the bytes.
func TestDecodeBounded(t *testing.T) {
	limitStack(t)
	repeat := func(head, unit string, n int) Payload {
		return append(Payload(head), strings.Repeat(unit, n)...)
	}
	type node map[string]node
	type list struct{ P *list }
	for _, c := range []struct {
		why     string
		payload Payload
		into    any
	}{
		{"a megabyte of empty maps", repeat("\xdd\x00\x10\x00\x00", "\x80", 1<<20), new(any)},
		{"a megabyte of empty arrays", repeat("\xdd\x00\x10\x00\x00", "\x90", 1<<20), new(any)},
		{"a megabyte of the same key", repeat("\xdf\x00\x08\x00\x00", "\xa0\xc0", 1<<19), new(any)},
		{"a megabyte of nil for structs", repeat("\xdd\x00\x10\x00\x00", "\xc0", 1<<20), new([]struct{ A, B, C, D int })},
		{"siblings that the library would nest", repeat("\xdd\x00\x0f\x00\x00", "\x81\xa1a\xc7\x00\x05", 0xf0000), new([]node)},
		{"pointers", deep(MaxDepth - 1), new(list)},
	} {
		got := allocated(func() { _ = c.payload.Decode(c.into) })
		if got > 100*uint64(len(c.payload))+1<<20 {
			t.Errorf("%s: %d bytes make %d", c.why, len(c.payload), got)
		}
	}
	var unknown struct{ A int }
	p := append(Payload("\x81\xa1z"), deep(MaxDepth-2)...)
	if err := p.Decode(&unknown); err != nil {
		t.Error(err)
	}
}

// TestDecodeShares decodes bin without a copy, and never writes into a payload.
func TestDecodeShares(t *testing.T) {
	p := mustEncode([]byte{1, 2, 3})
	var b []byte
	if err := p.Decode(&b); err != nil || &b[0] != &p[2] {
		t.Errorf("the bytes of a bin were copied: %v", err)
	}
	if bin, ok := p.Bin(); !ok || &bin[0] != &p[2] {
		t.Error("the bytes of a bin were copied")
	}
	// The same variable again: what it had belongs to the first payload.
	if err := mustEncode("xyz").Decode(&b); err != nil || string(b) != "xyz" || !bytes.Equal(p, []byte{0xc4, 3, 1, 2, 3}) {
		t.Errorf("%q, %v; the first payload is % x", b, err, p)
	}
	if err := (Payload{mpNil}).Decode(&b); err != nil || b != nil {
		t.Errorf("nil leaves %q, %v", b, err)
	}
	var raw Payload
	if err := p.Decode(&raw); err != nil || &raw[0] != &p[0] {
		t.Errorf("the payload was copied: %v", err)
	}
	if err := p.Decode(nil); err != nil {
		t.Errorf("discarding: %v", err)
	}
}

// TestDecodeAgain decodes into an any that has a value.
func TestDecodeAgain(t *testing.T) {
	var v any = "before"
	for _, want := range []any{int64(5), "x", nil, []any{true}} {
		if err := mustEncode(want).Decode(&v); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%#v, %v; want %#v", v, err, want)
		}
	}
	n := 0
	v = &n
	if err := mustEncode(7).Decode(&v); err != nil || n != 7 {
		t.Errorf("a pointer in the any: %d, %v", n, err)
	}
}

// TestBin knows a bin from what is none.
func TestBin(t *testing.T) {
	for _, no := range []string{"", "c0", "a1 78", "c4", "c4 02 01", "c4 01 01 02", "c5 00", "d9 01 78", "91 c4 00"} {
		if b, ok := Payload(unhex(t, no)).Bin(); ok {
			t.Errorf("%s: % x", no, b)
		}
	}
	for _, yes := range []string{"c4 00", "c4 01 05", "c5 00 01 05", "c6 00 00 00 01 05"} {
		if _, ok := Payload(unhex(t, yes)).Bin(); !ok {
			t.Errorf("%s is no bin", yes)
		}
	}
}

// TestTags goes by the msgpack tag, then the json tag, then the name.
func TestTags(t *testing.T) {
	type tagged struct {
		A int `msgpack:"one" json:"eins"`
		B int `json:"two,omitempty"`
		C int
		D int `json:"-"`
	}
	p := mustEncode(tagged{1, 2, 3, 4})
	var m map[string]any
	if err := p.Decode(&m); err != nil || !reflect.DeepEqual(m, map[string]any{"one": int64(1), "two": int64(2), "C": int64(3)}) {
		t.Errorf("%v, %v", m, err)
	}
	var back tagged
	if err := p.Decode(&back); err != nil || back != (tagged{1, 2, 3, 0}) {
		t.Errorf("%v, %v", back, err)
	}
	if p := mustEncode(tagged{A: 1}); bytes.Contains(p, []byte("two")) {
		t.Error("omitempty is ignored")
	}
}

// TestEncode encodes as short as can be.
func TestEncode(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "c0"},
		{Payload(nil), "c0"},
		{Payload{0x91, 1}, "91 01"},
		{[]byte(nil), "c4 00"},
		{[]byte{1}, "c4 01 01"},
		{"x", "a1 78"},
		{"a\xffb", "a5 61 ef bf bd 62"},
		{5, "05"},
		{int64(-1), "ff"},
		{uint64(math.MaxUint64), "cf ff ff ff ff ff ff ff ff"},
		{1.5, "cb 3f f8 00 00 00 00 00 00"},
		{float32(1.5), "ca 3f c0 00 00"},
		{[]int{1, 300}, "92 01 cd 01 2c"},
		{map[string]any{"a": []byte{7}}, "81 a1 61 c4 01 07"},
		{time.Unix(5, 0), "d6 ff 00 00 00 05"},
	} {
		if p, err := Encode(c.v); err != nil || !bytes.Equal(p, unhex(t, c.want)) {
			t.Errorf("%#v: % x, %v", c.v, p, err)
		}
		if b, err := AppendValue([]byte("before"), c.v); err != nil || string(b) != "before"+string(unhex(t, c.want)) {
			t.Errorf("%#v: % x, %v", c.v, b, err)
		}
	}
	nested := any(1)
	for range MaxDepth - 1 {
		nested = []any{nested}
	}
	if _, err := Encode(nested); err != nil {
		t.Errorf("the deepest value: %v", err)
	}
	for _, v := range []any{[]any{nested}, func() {}, make(chan int), Payload{1, 2}, Payload{0xc1}, broken{}, msgpack.RawMessage{0x92, 1}} {
		p, err := Encode(v)
		if err == nil || p != nil {
			t.Errorf("%T: % x", v, p)
		}
		b, appendErr := AppendValue([]byte("before"), v)
		if appendErr == nil || appendErr.Error() != err.Error() || string(b) != "before" {
			t.Errorf("%T: %q, %v; Encode says: %v", v, b, appendErr, err)
		}
	}
}

// broken encodes itself as what is no value.
type broken struct{}

func (broken) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeArrayLen(5) }

// nosy is a custom decoder that fails, or panics, in the midst of a value.
type nosy struct{ Panic bool }

func (n *nosy) DecodeMsgpack(d *msgpack.Decoder) error {
	if _, err := d.DecodeArrayLen(); err != nil {
		return err
	}
	if n.Panic {
		panic("nosy")
	}
	return errors.New("seen enough")
}

// TestDecodeAfterFailure decodes well after a custom decoder has failed in the midst of it.
func TestDecodeAfterFailure(t *testing.T) {
	p := mustEncode([]string{"a", "b"})
	for range 100 {
		for _, n := range []*nosy{{}, {Panic: true}} {
			if err := p.Decode(n); err == nil {
				t.Fatal("no error")
			}
		}
		var got []string
		if err := p.Decode(&got); err != nil || len(got) != 2 {
			t.Fatal(got, err)
		}
	}
}

// TestRawMessage keeps a part of a value for later.
func TestRawMessage(t *testing.T) {
	var v struct{ A, B msgpack.RawMessage }
	if err := mustEncode(map[string]any{"A": []any{1, "x"}, "B": nil}).Decode(&v); err != nil {
		t.Fatal(err)
	}
	var a any
	if err := Payload(v.A).Decode(&a); err != nil || !reflect.DeepEqual(a, []any{int64(1), "x"}) {
		t.Errorf("%#v, %v", a, err)
	}
}

// TestPayloadField keeps parts of a value as they are, to the byte.
func TestPayloadField(t *testing.T) {
	type call struct {
		Name string
		Args Payload
		More []Payload
		Map  map[string]Payload
	}
	for _, raw := range []string{"05", "cd 00 05", "c0", "a1 78", "93 01 c4 01 ff a1 78", "81 a1 61 cf 00 00 00 00 00 00 00 07", "c7 03 05 01 02 03", "c7 00 05", "ca 3f c0 00 00"} {
		want := Payload(unhex(t, raw))
		in := call{Name: "f", Args: want, More: []Payload{want, {0x91, 7}, want}, Map: map[string]Payload{"k": want}}
		p, err := Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		var got call
		if err := p.Decode(&got); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		got.Args, got.More[0], got.More[2], got.Map["k"] = plainValue(got.Args), plainValue(got.More[0]), plainValue(got.More[2]), plainValue(got.Map["k"])
		want = plainValue(want)
		in = call{Name: "f", Args: want, More: []Payload{want, {0x91, 7}, want}, Map: map[string]Payload{"k": want}}
		if !reflect.DeepEqual(got, in) {
			t.Errorf("%s:\n got % x\nwant % x", raw, got, in)
		}
	}
	// Another decoder than this package's makes a copy.
	var got call
	if err := msgpack.Unmarshal(mustEncode(call{Name: "f", Args: Payload{0x92, 1, 2}}), &got); err != nil || string(got.Args) != "\x92\x01\x02" {
		t.Errorf("% x, %v", got, err)
	}
	if p, err := Encode(call{Args: Payload{0x92, 1}}); err == nil {
		t.Errorf("a field that is no value makes % x", p)
	}
}

// plainValue makes all ways to have no value one.
func plainValue(p Payload) Payload {
	if p.IsNil() {
		return nil
	}
	return p
}
