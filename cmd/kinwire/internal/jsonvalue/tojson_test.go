package jsonvalue

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/kinwire/kinwire/wire"
)

func TestAppendJSON(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"nil and bool", "93 c0 c2 c3", `[null,false,true]`},

		{"positive integers of every width", "96 00 7f ccff cdffff ceffffffff cfffffffffffffffff",
			`[0,127,255,65535,4294967295,18446744073709551615]`},
		{"negative integers of every width", "97 ff e0 d080 d18000 d280000000 d38000000000000000 d0ff",
			`[-1,-32,-128,-32768,-2147483648,-9223372036854775808,-1]`},
		{"positive ones in signed widths, wider than need be", "94 d07f d10001 d200000001 d30000000000000001", `[127,1,1,1]`},

		{"floats as encoding/json writes them", "93 cb3ff0000000000000 cb3fb999999999999a cb8000000000000000", `[1,0.1,-0]`},
		{"exponents as encoding/json writes them", "92 cb3e7ad7f29abcaf48 cb444b1ae4d6e2ef50", `[1e-7,1e+21]`},
		{"float32 in the digits that 32 bits need", "93 ca3dcccccd ca7f7fffff ca3f800000", `[0.1,3.4028235e+38,1]`},
		{"a float that would be an integer beyond 64 bits", "92 cb43f0000000000000 cbc3e0000000000000",
			`[1.8446744073709552e+19,-9.223372036854776e+18]`},
		{"the floats next to those", "92 cb43efffffffffffff cbc3dfffffffffffff", `[18446744073709550000,-9223372036854775000]`},
		{"NaN and infinities", "93 cb7ff8000000000000 cb7ff0000000000000 cbfff0000000000000", `["NaN","Infinity","-Infinity"]`},
		{"NaN and infinities of 32 bits", "93 ca7fc00000 ca7f800000 caff800000", `["NaN","Infinity","-Infinity"]`},

		{"str of every width", "94 a161 d90162 da000163 db0000000164", `["a","b","c","d"]`},
		{"escapes", "ad 22 5c 08 0c 0a 0d 09 00 1f 7f 3c 3e 26", `"\"\\\b\f\n\r\t\u0000\u001f` + "\x7f" + `<>&"`},
		{"U+2028 and what is beyond 16 bits, as they are", "a7 e280a8 f09f9880", "\"\u2028\U0001F600\""},
		{"invalid UTF-8, byte by byte", "a6 61 ff c3 62 eda0", "\"a\uFFFD\uFFFDb\uFFFD\uFFFD\""},
		{"U+FFFD itself", "a3 efbfbd", "\"\uFFFD\""},

		{"bin of every width", "94 c400 c401ff c50002fbff c600000003000102", `["","/w==","+/8=","AAEC"]`},
		{"ext of every width", "98 d401aa d502aabb d6ff00000000 d7800000000000000000 d80500000000000000000000000000000000 c70007 c8000107ff c90000000108ff",
			`[{"ext":1,"data":"qg=="},{"ext":2,"data":"qrs="},{"ext":-1,"data":"AAAAAA=="},{"ext":-128,"data":"AAAAAAAAAAA="},` +
				`{"ext":5,"data":"AAAAAAAAAAAAAAAAAAAAAA=="},{"ext":7,"data":""},{"ext":7,"data":"/w=="},{"ext":8,"data":"/w=="}]`},

		{"empty containers of every width", "96 90 80 dc0000 dd00000000 de0000 df00000000", `[[],{},[],[],{},{}]`},
		{"the order of keys, duplicates too", "83 a162 01 a161 81 a163 90 a162 02", `{"b":1,"a":{"c":[]},"b":2}`},
		{"an array32 and a map32 that hold something", "dd00000001 df00000001 a161 01", `[{"a":1}]`},

		{"keys that are numbers", "85 01 c0 ff c0 cfffffffffffffffff c0 cb3ff8000000000000 c0 cb7ff8000000000000 c0",
			`{"1":null,"-1":null,"18446744073709551615":null,"1.5":null,"NaN":null}`},
		{"keys that are nil, bool, bin", "84 c0 01 c3 02 c2 03 c401ff 04", `{"null":1,"true":2,"false":3,"/w==":4}`},
		{"keys that are empty or need escapes", "83 a0 01 a122 02 a101 03", `{"":1,"\"":2,"\u0001":3}`},
		{"a key that is an array", "81 92 01 a122 02", `{"[1,\"\\\"\"]":2}`},
		{"a key that is a map", "81 81 01 a161 02", `{"{\"1\":\"a\"}":2}`},
		{"a key that is an ext", "81 d401aa 02", `{"{\"ext\":1,\"data\":\"qg==\"}":2}`},
		{"a key inside a key", "81 81 91 a161 01 02", `{"{\"[\\\"a\\\"]\":1}":2}`},
		{"scalars inside a key inside a key", "81 81 81 01 c0 01 02", `{"{\"{\\\"1\\\":null}\":1}":2}`},
		{"the text of a key does not leak into the next", "82 91 a161 01 90 02", `{"[\"a\"]":1,"[]":2}`},
	} {
		in := unhex(t, c.in)
		got, err := AppendJSON([]byte("before "), in)
		if err != nil {
			t.Errorf("%s: AppendJSON(%s): %v", c.why, c.in, err)
			continue
		}
		text := bytes.TrimPrefix(got, []byte("before "))
		if string(text) != c.want {
			t.Errorf("%s: AppendJSON(%s)\n got %s\nwant %s", c.why, c.in, text, c.want)
		}
		if !json.Valid(text) {
			t.Errorf("%s: not valid: %s", c.why, text)
		}

		// Whatever of it is missing is missed, and whatever follows is noticed.
		for n := range len(in) {
			if got, err := AppendJSON(nil, in[:n:n]); err == nil {
				t.Errorf("%s: AppendJSON(%x) = %s, though cut", c.why, in[:n], got)
			}
		}
		if got, err := AppendJSON(nil, append(in, 0xc0)); err == nil {
			t.Errorf("%s: AppendJSON(%x) = %s, though there is more", c.why, append(in, 0xc0), got)
		}
	}
}

func TestAppendJSONErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "byte 1: the msgpack ends where a value is due"},
		{"92 01", "byte 1: an array declares 2 items, but only 1 bytes are left"},
		{"92 91 01", "byte 4: the msgpack ends where a value is due"},
		{"81 a161", "byte 4: the msgpack ends where a value is due"},
		{"81 01", "byte 1: a map declares 2 items, but only 1 bytes are left"},
		{"91 cd01", "byte 2: the msgpack ends inside the head of a value (uint)"},
		{"cb00", "byte 1: the msgpack ends inside the head of a value (float64)"},
		{"d9", "byte 1: the msgpack ends inside the head of a value (str)"},
		{"d4", "byte 1: the msgpack ends inside the head of a value (ext)"},
		{"d401", "byte 1: ext of 1 bytes, but only 0 are left"},
		{"91 a3 6161", "byte 2: str of 3 bytes, but only 2 are left"},
		{"91 c1", "byte 2: 0xc1 begins no msgpack value"},
		{"81 c1 01", "byte 2: 0xc1 begins no msgpack value"},
		{"c0 c0 c0", "byte 2: 2 bytes behind the value"},
		{strings.Repeat("91", 64) + "01", "byte 64: nested more than 63 levels deep"},
		{strings.Repeat("8101", 63) + "90", "byte 127: nested more than 63 levels deep"},
		{strings.Repeat("81", 4) + "01 01 01 01 01", "byte 4: a map key of kind map inside 2 others that are no scalars"},
		{strings.Repeat("91", 1<<20), "byte 64: nested more than 63 levels deep"},
	} {
		dst := append(make([]byte, 0, 1024), "before"...)
		got, err := AppendJSON(dst, unhex(t, c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("AppendJSON(%.80s): %v\nwant %s", c.in, err, c.want)
		}
		if string(got) != "before" {
			t.Errorf("AppendJSON(%.80s) left %q in dst", c.in, got)
		}
	}
}

// What a header promises is not allocated: the last of these would be 68 GB.
func TestAppendJSONBelievesNoHeader(t *testing.T) {
	for _, in := range []string{
		"c6ffffffff", "c9ffffffff01", "dbffffffff", "dfffffffff", "ddffffffff",
		"92 ddffffffff", strings.Repeat("ddffffffff", 60), strings.Repeat("dc0fff", 60) + strings.Repeat("00", 4096),
	} {
		value := unhex(t, in)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := AppendJSON(nil, value)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%.40s is accepted", in)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("%.40s cost %d bytes", in, n)
		}
	}
}

// The output is bounded by a multiple of the input, the worst of which is an ext that is
// a key inside keys.
func TestAppendJSONGrowth(t *testing.T) {
	const items = 1000
	for _, c := range []struct {
		why, head, item, tail string
	}{
		{"control characters", "da03e8", "01", ""},
		{"empty ext", "dc03e8", "c70080", ""},
		{"quotes in a key in a key", "81 81 91 da03e8", "22", "c0 c0"},
		{"ext keys in a key", "81 de03e8", "c70080c0", "c0"},
		{"empty ext in a key in a key", "81 81 dc03e8", "c70080", "c0 c0"},
		{"small floats", "dc03e8", "ca80000001", ""},
	} {
		in := unhex(t, c.head+strings.Repeat(c.item, items)+c.tail)
		out, err := AppendJSON(nil, in)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if growth := float64(len(out)) / float64(len(in)); growth > 16 {
			t.Errorf("%s: %.1f times the input", c.why, growth)
		}
	}
}

// Floats are spelled as encoding/json spells them, except where that would be an integer
// which ToMsgpack refuses, and read back as the same float.
func TestAppendJSONFloats(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	floats := []float64{0, 1e-6, math.Nextafter(1e-6, 0), 1e20, 1e21, math.Nextafter(1e21, 0), 1 << 53, 1<<63 - 1024, 1 << 63, 1 << 64,
		math.SmallestNonzeroFloat64, math.MaxFloat64, 1e-9, 1e-10, 1e100, 123456789}
	for range 10_000 {
		floats = append(floats, math.Float64frombits(random.Uint64()), random.NormFloat64()*1e20)
	}
	check := func(f float64, value []byte, reference any) {
		t.Helper()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return
		}
		got, err := AppendJSON(nil, value)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(reference)
		if err != nil {
			t.Fatal(err)
		}
		if between := f >= 1<<64 && f < 1e21 || f <= -1<<63 && f > -1e21; between {
			if !bytes.Contains(got, []byte("e+")) {
				t.Fatalf("%v is %s, an integer beyond 64 bits", f, got)
			}
		} else if !bytes.Equal(got, want) {
			t.Fatalf("%v is %s, want %s", f, got, want)
		}
		if f32, ok := reference.(float32); ok {
			var back float32
			if err := json.Unmarshal(got, &back); err != nil || back != f32 {
				t.Fatalf("%v reads back as %v, %v", f, back, err)
			}
			return
		}
		var back float64
		if err := json.Unmarshal(got, &back); err != nil || back != f {
			t.Fatalf("%v reads back as %v, %v", f, back, err)
		}
		if _, err := ToMsgpack(got); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
	}
	for _, f := range floats {
		for _, f := range []float64{f, -f} {
			check(f, be(0xcb, math.Float64bits(f), 8), f)
			f32 := float32(f)
			check(float64(f32), be(0xca, uint64(math.Float32bits(f32)), 4), f32)
		}
	}
}

// be is code and the last width bytes of n, big-endian.
func be(code byte, n uint64, width int) []byte {
	b := []byte{code}
	for i := width - 1; i >= 0; i-- {
		b = append(b, byte(n>>(8*i)))
	}
	return b
}

// FuzzAppendJSON: whatever the bytes, there is no panic, and what comes out is one line
// of JSON that ToMsgpack accepts and that is the same value when it comes out again.
func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{
		"", "c0", "c1", "93 c0 c2 c3", "96 00 7f ccff cdffff ceffffffff cfffffffffffffffff",
		"97 ff e0 d080 d18000 d280000000 d38000000000000000 d0ff",
		"93 ca3dcccccd cb43f0000000000000 cb7ff8000000000000", "a6 61 ff c3 62 eda0", "ad 22 5c 08 0c 0a 0d 09 00 1f 7f 3c 3e 26",
		"94 c400 c401ff c50002fbff c600000003000102", "93 d401aa d6ff00000000 c70007", "83 a162 01 a161 81 a163 90 a162 02",
		"84 c0 01 c3 02 c2 03 c401ff 04", "81 92 01 a122 02", "81 81 91 a161 01 02", "81 81 81 01 c0 01 02",
		"ddffffffff", "dfffffffff", "c6ffffffff", "c9ffffffff01", "d9", "c0c0",
		strings.Repeat("91", 63) + "01", strings.Repeat("91", 63) + "d40100", strings.Repeat("91", 64) + "01", strings.Repeat("81", 70),
	} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		before := []byte("before")
		out, err := AppendJSON(before, value)
		if !bytes.HasPrefix(out, before) {
			t.Fatalf("dst became %q", out)
		}
		text := out[len(before):]
		// wire.Check is the judge of what is one payload; the depth of keys is extra.
		tooManyKeys := err != nil && strings.Contains(err.Error(), "a map key of kind")
		if checkErr := wire.Check(value); (checkErr == nil) != (err == nil) && !tooManyKeys {
			t.Fatalf("AppendJSON(%x): %v, but wire.Check: %v", value, err, checkErr)
		}
		if err != nil {
			if len(text) > 0 {
				t.Fatalf("%q beside the error %v", text, err)
			}
			return
		}
		if bytes.IndexByte(text, '\n') >= 0 {
			t.Fatalf("a line break in %q", text)
		}
		if len(text) > 32*len(value) {
			t.Fatalf("%d bytes from %d", len(text), len(value))
		}
		tokens, err := tokensOf(text)
		if err != nil {
			t.Fatalf("AppendJSON(%x) = %q: %v", value, text, err)
		}
		again, err := ToMsgpack(text)
		if tokens.depth > maxDepth {
			// The one exception: an ext is an object in JSON, one level more.
			if tokens.depth != maxDepth+1 || !bytes.Contains(text, []byte(`{"ext":`)) || err == nil {
				t.Fatalf("AppendJSON(%x) = %q, of depth %d, %v", value, text, tokens.depth, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("ToMsgpack(%q), made from %x: %v", text, value, err)
		}
		text, err = AppendJSON(nil, again)
		if err != nil {
			t.Fatal(err)
		}
		back, err := tokensOf(text)
		if err != nil {
			t.Fatal(err)
		}
		requireSame(t, tokens, back)
	})
}
