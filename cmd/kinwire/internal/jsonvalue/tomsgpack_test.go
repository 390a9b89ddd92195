package jsonvalue

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

func TestToMsgpack(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"literals", `null`, "c0"},
		{"literals", `true`, "c3"},
		{"literals", `false`, "c2"},

		{"the smallest width, at each edge", `[0,127,128,255,256,65535,65536,4294967295,4294967296]`,
			"99 00 7f cc80 ccff cd0100 cdffff ce00010000 ceffffffff cf0000000100000000"},
		{"the smallest width, at each edge", `[-1,-32,-33,-128,-129,-32768,-32769,-2147483648,-2147483649]`,
			"99 ff e0 d0df d080 d1ff7f d18000 d2ffff7fff d280000000 d3ffffffff7fffffff"},
		{"int64, exactly", `-9223372036854775808`, "d38000000000000000"},
		{"int64, exactly", `9223372036854775807`, "cf7fffffffffffffff"},
		{"uint64, exactly", `18446744073709551615`, "cfffffffffffffffff"},
		{"an integer beyond 2^53 that a float would lose", `9007199254740993`, "cf0020000000000001"},
		{"-0 is spelled as an integer", `-0`, "00"},

		{"a fraction makes a float", `1.0`, "cb3ff0000000000000"},
		{"an exponent makes a float", `1e3`, "cb408f400000000000"},
		{"an exponent makes a float", `1E3`, "cb408f400000000000"},
		{"an exponent makes a float, however large", `18446744073709551616e0`, "cb43f0000000000000"},
		{"the sign of a float's zero", `-0.0`, "cb8000000000000000"},
		{"the largest float", `1.7976931348623157e308`, "cb7fefffffffffffff"},
		{"too small is 0, as in encoding/json", `1e-400`, "cb0000000000000000"},

		{"strings", `""`, "a0"},
		{"strings", `"grüß"`, "a6 6772c3bcc39f"},
		{"str8 from 32 bytes", `"` + strings.Repeat("a", 32) + `"`, "d920" + strings.Repeat("61", 32)},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041\u00e9"`, "ab 225c2f080c0a0d0941c3a9"},
		{"a pair of surrogates", `"\ud83d\ude00"`, "a4 f09f9880"},
		{"a NUL", `"\u0000"`, "a1 00"},
		{"lone surrogates", `"\ud83dx\ude00"`, "a7 efbfbd 78 efbfbd"},
		{"a high surrogate before another escape", `"\ud83d\u0041"`, "a4 efbfbd 41"},
		{"invalid UTF-8, byte by byte", "\"a\xff\xc3b\"", "a8 61 efbfbd efbfbd 62"},
		{"an encoded surrogate is invalid UTF-8", "\"\xed\xa0\x80\"", "a9 efbfbd efbfbd efbfbd"},
		{"invalid UTF-8 in a key", "{\"\xff\":1}", "81 a3efbfbd 01"},
		{"brackets, commas and quotes in a string", `["[,]{\"}\\",1]`, "92 a7 5b2c5d7b227d5c 01"},

		{"empty containers", `[[],{},[ ],{ }]`, "94 90 80 90 80"},
		{"array16 from 16 items", `[` + strings.Repeat("1,", 15) + `1]`, "dc0010" + strings.Repeat("01", 16)},
		{"the order of keys, duplicates too", `{"b":1,"a":{"c":[]},"b":2}`, "83 a162 01 a161 81 a163 90 a162 02"},
		{"white space", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", "81 a161 92 01 02"},
		{"nesting", `[[1,[2]],3]`, "92 92 01 91 02 03"},
	} {
		got, err := ToMsgpack([]byte(c.in))
		if err != nil {
			t.Errorf("%s: ToMsgpack(%s): %v", c.why, c.in, err)
			continue
		}
		if want := unhex(t, c.want); !bytes.Equal(got, want) {
			t.Errorf("%s: ToMsgpack(%s) = %x, want %x", c.why, c.in, got, want)
		}
	}
}

func TestToMsgpackErrors(t *testing.T) {
	deep := strings.Repeat("[", 64)
	for _, c := range []struct{ in, want string }{
		{"", "byte 1: expected a JSON value, got the end of the input"},
		{" \t", "byte 3: expected a JSON value, got the end of the input"},

		{"tru", "byte 4: expected true, got the end of the input"},
		{`"abc`, "byte 5: expected the end of a string, got the end of the input"},
		{`"abc\"`, "byte 7: expected the end of a string, got the end of the input"},
		{`"abc\`, "byte 6: expected one of \"\\/bfnrtu, got the end of the input"},
		{`"\u00`, "byte 6: expected a hexadecimal digit, got the end of the input"},
		{`[`, "byte 2: expected a JSON value or ']', got the end of the input"},
		{`[1`, "byte 3: expected ',' or ']', got the end of the input"},
		{`[1,`, "byte 4: expected a JSON value, got the end of the input"},
		{`{`, "byte 2: expected a string or '}', got the end of the input"},
		{`{"a"`, "byte 5: expected ':', got the end of the input"},
		{`{"a":`, "byte 6: expected a JSON value, got the end of the input"},
		{`{"a":1`, "byte 7: expected ',' or '}', got the end of the input"},
		{`{"a":1,`, "byte 8: expected a string, got the end of the input"},
		{`-`, "byte 2: expected a digit, got the end of the input"},
		{`1.`, "byte 3: expected a digit, got the end of the input"},
		{`1e`, "byte 3: expected a digit, got the end of the input"},
		{`1e+`, "byte 4: expected a digit, got the end of the input"},

		{`hello`, "byte 1: expected a JSON value, got 'h'"},
		{`  nope`, "byte 4: expected null, got 'o'"},
		{`"ä" "ä"`, "byte 6: expected nothing more, got '\"'"},
		{`1 2`, "byte 3: expected nothing more, got '2'"},
		{`{"a":1}}`, "byte 8: expected nothing more, got '}'"},
		{`[1,]`, "byte 4: expected a JSON value, got ']'"},
		{`[,1]`, "byte 2: expected a JSON value or ']', got ','"},
		{`[1 2]`, "byte 4: expected ',' or ']', got '2'"},
		{`[1}`, "byte 3: expected ',' or ']', got '}'"},
		{`]]`, "byte 1: expected a JSON value, got ']'"},
		{`{1:2}`, "byte 2: expected a string or '}', got '1'"},
		{`{"a":1,}`, "byte 8: expected a string, got '}'"},
		{`{"a" 1}`, "byte 6: expected ':', got '1'"},
		{`{"a":}`, "byte 6: expected a JSON value, got '}'"},
		{`{"a":1]`, "byte 7: expected ',' or '}', got ']'"},
		{"\"a\nb\"", "byte 3: expected no control character, got '\\n'"},
		{`"\x"`, "byte 3: expected one of \"\\/bfnrtu, got 'x'"},
		{`"\u12g4"`, "byte 6: expected a hexadecimal digit, got 'g'"},
		{`'a'`, `byte 1: expected a JSON value, got '\''`},
		{"[é]", "byte 2: expected a JSON value or ']', got 'é'"},
		{"\xff", "byte 1: expected a JSON value, got 0xff"},
		{"\uFEFF1", `byte 1: expected a JSON value, got '\ufeff'`},
		{"1\x00", `byte 2: expected nothing more, got '\x00'`},

		{`01`, "byte 2: expected nothing more, got '1'"},
		{`+1`, "byte 1: expected a JSON value, got '+'"},
		{`.5`, "byte 1: expected a JSON value, got '.'"},
		{`-x`, "byte 2: expected a digit, got 'x'"},
		{`1.e5`, "byte 3: expected a digit, got 'e'"},
		{`0x10`, "byte 2: expected nothing more, got 'x'"},
		{`NaN`, "byte 1: expected a JSON value, got 'N'"},

		{`18446744073709551616`, "byte 1: the integer 18446744073709551616 does not fit 64 bits"},
		{`[0, -9223372036854775809]`, "byte 5: the integer -9223372036854775809 does not fit 64 bits"},
		{strings.Repeat("9", 1000), "byte 1: the integer 9999999999999999999999999999999999999999... (1000 characters) does not fit 64 bits"},
		{`{"a":1e400}`, "byte 6: the number 1e400 does not fit a 64-bit float"},
		{`-1e400`, "byte 1: the number -1e400 does not fit a 64-bit float"},

		{deep + strings.Repeat("]", 64), "byte 64: nested more than 63 levels deep"},
		{strings.Repeat(`{"a":`, 63) + `[]` + strings.Repeat("}", 63), "byte 316: nested more than 63 levels deep"},
		{strings.Repeat("[", 1<<20), "byte 64: nested more than 63 levels deep"},
		{deep + "x", "byte 64: nested more than 63 levels deep"},
		{"[x" + deep, "byte 2: expected a JSON value or ']', got 'x'"},
	} {
		got, err := ToMsgpack([]byte(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("ToMsgpack(%.80s) = %x, %v\nwant %s", c.in, got, err, c.want)
		}
	}
}

// The limit itself is accepted, and many containers beside each other are no depth.
func TestToMsgpackDepth(t *testing.T) {
	for _, in := range []string{
		strings.Repeat("[", 63) + "1" + strings.Repeat("]", 63),
		strings.Repeat(`{"a":`, 63) + "1" + strings.Repeat("}", 63),
		"[" + strings.Repeat("[],", 1000) + "{}]",
		`"` + strings.Repeat("[", 100) + `"`,
	} {
		value, err := ToMsgpack([]byte(in))
		if err != nil {
			t.Errorf("%.80s: %v", in, err)
			continue
		}
		if out, err := AppendJSON(nil, value); err != nil || string(out) != in {
			t.Errorf("%.80s came back as %.80s, %v", in, out, err)
		}
	}
}

// Every value that is cut short is an error that points behind its end.
func TestToMsgpackTruncated(t *testing.T) {
	const whole = `{"a":[true,null,"x\u0041"],"b":{"c":-1.5e+3}}`
	for n := range len(whole) {
		_, err := ToMsgpack([]byte(whole[:n]))
		prefix := fmt.Sprintf("byte %d: expected ", n+1)
		if err == nil || !strings.HasPrefix(err.Error(), prefix) || !strings.HasSuffix(err.Error(), "got the end of the input") {
			t.Errorf("ToMsgpack(%s): %v, want %s...", whole[:n], err, prefix)
		}
	}
}

func TestCheckLength(t *testing.T) {
	if err := checkLength(maxText); err != nil {
		t.Error(err)
	}
	if err := checkLength(maxText + 1); err == nil || err.Error() != "1073741825 bytes of JSON, more than 1073741824" {
		t.Error(err)
	}
}

// FuzzToMsgpack holds ToMsgpack against encoding/json: it accepts the same texts, numbers
// and depth aside, and what it makes of them is the same value to AppendJSON and msgpack.
func FuzzToMsgpack(f *testing.F) {
	for _, s := range []string{
		`null`, `[true,false]`, `{"b":1,"a":{"c":[]},"b":2}`, ` [ 1 , -0, -0.0 ] `,
		`[18446744073709551615,-9223372036854775808,18446744073709551616]`,
		`[1.0,1e3,0.1,1e20,1e21,1e-7,5e-324,1.7976931348623157e308,1e400]`,
		`"\ud83d\ude00\ud83d\u2028<>&\u0000\""`, "\"\xff\xed\xa0\x80\"", "{\"\xff\":1,\"\xfe\":2}",
		`[1,]`, `{"a" 1}`, `01`, `tru`, `"`, ``, "\xef\xbb\xbf1", `[[[[]]]]{`,
		strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat(`{"":`, 64),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		value, err := ToMsgpack(line)
		tokens, jsonErr := tokensOf(line)
		if err != nil {
			if value != nil {
				t.Errorf("a value beside the error %v", err)
			}
			if jsonErr == nil && tokens.depth <= maxDepth && tokens.fit {
				t.Errorf("ToMsgpack(%q): %v, but it is JSON", line, err)
			}
			return
		}
		if jsonErr != nil {
			t.Fatalf("ToMsgpack(%q) = %x, but it is no JSON: %v", line, value, jsonErr)
		}
		if tokens.depth > maxDepth || !tokens.fit {
			t.Fatalf("ToMsgpack(%q) = %x, depth %d, numbers fit %v", line, value, tokens.depth, tokens.fit)
		}
		if err := msgpack.NewDecoder(bytes.NewReader(value)).Skip(); err != nil {
			t.Fatalf("ToMsgpack(%q) = %x: %v", line, value, err)
		}
		out, err := AppendJSON(nil, value)
		if err != nil {
			t.Fatalf("AppendJSON(%x), made from %q: %v", value, line, err)
		}
		back, err := tokensOf(out)
		if err != nil {
			t.Fatalf("%q became %q: %v", line, out, err)
		}
		requireSame(t, tokens, back)
	})
}

// tokens is a JSON text as encoding/json reads it, duplicate keys and their order kept.
type tokens struct {
	list  []json.Token
	depth int  // of the containers
	fit   bool // every number fits its type
}

func tokensOf(text []byte) (tokens, error) {
	// The decoder's tokens alone are not strict about commas.
	if !json.Valid(text) {
		return tokens{}, errors.New("not valid")
	}
	got := tokens{fit: true}
	depth := 0
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return tokens{}, err
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
			got.depth = max(got.depth, depth)
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if n, ok := token.(json.Number); ok {
			token = numberOf(n)
			got.fit = got.fit && token != nil
		}
		got.list = append(got.list, token)
	}
}

// numberOf returns the value of a number by the rules of this package: int64, else
// uint64, else float64, or nil if it does not fit. A float that AppendJSON spells as an
// integer is the same number to requireSame.
func numberOf(n json.Number) any {
	text := string(n)
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil
		}
		return f
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return u
	}
	return nil
}

func requireSame(t *testing.T, want, got tokens) {
	t.Helper()
	if len(want.list) != len(got.list) {
		t.Fatalf("tokens became\n%v, were\n%v", got.list, want.list)
	}
	for i, w := range want.list {
		g := got.list[i]
		if wf, ok := w.(float64); ok {
			switch n := g.(type) {
			case int64:
				g = float64(n)
				if wf == 0 {
					g = wf // "-0" is an integer without a sign
				}
			case uint64:
				g = float64(n)
			}
			if gf, ok := g.(float64); !ok || math.Float64bits(wf) != math.Float64bits(gf) {
				t.Fatalf("the float %v became %v", w, got.list[i])
			}
			continue
		}
		if w != g {
			t.Fatalf("token %d, %T %v, became %T %v", i, w, w, g, g)
		}
	}
}

// unhex reads bytes that are written in hexadecimal, with spaces where they help.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
