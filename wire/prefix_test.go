package wire

import (
	"bytes"
	"testing"
	"time"
)

// largeMessages are messages whose payload is a bin, with envelopes of every kind.
var largeMessages = []appender{
	Input{ID: 1, Flags: FlagEnd, Method: []byte("echo"), Payload: mustEncode(make([]byte, 100))},
	Input{ID: MaxID, Method: []byte{}, Meta: AppendTimeout(nil, time.Minute), Payload: mustEncode(make([]byte, 300))},
	Input{ID: 3, Payload: mustEncode(make([]byte, 1<<16))},
	Input{ID: 3, Method: bytes.Repeat([]byte("m"), 300), Meta: Meta("\x81\xa3a.b\x92\x01\x80"), Payload: mustEncode([]byte{})},
	Output{ID: 7, Flags: FlagEnd, Payload: mustEncode(make([]byte, 1<<16))},
	Output{ID: 7, Flags: FlagEnd, Meta: Meta{mpFixMap}, Payload: mustEncode([]byte{1})},
}

// TestParsePrefix reads every prefix of large messages: it is enough from the payload's head on.
func TestParsePrefix(t *testing.T) {
	for _, want := range largeMessages {
		body := want.Append(nil)[HeaderSize:]
		_, p := envelope(want)
		bin, _ := p.Bin()
		head := len(body) - len(bin)
		for n := range min(len(body), head+10) + 1 {
			_, content, ok := ParsePrefix(body[:n], len(body))
			if ok != (n >= head) || ok && content != head {
				t.Fatalf("%T, %d of the %d bytes before the bin: %d, %v", want, n, head, content, ok)
			}
			checkPrefix(t, body, n)
		}
		for _, size := range []int{-1, 0, head - 1, len(body) - 1, len(body) + 1} {
			if _, _, ok := ParsePrefix(body[:head], size); ok {
				t.Errorf("%T of %d bytes is read as one of %d", want, len(body), size)
			}
		}
	}
}

// TestParsePrefixOthers refuses what is in order but no large bin, and what is not in order.
func TestParsePrefixOthers(t *testing.T) {
	for why, body := range map[string]string{
		"nothing":                       "",
		"an unknown type":               "96 70 01 00 c0 c0 c4 01 05",
		"an Input of 5 elements":        "95 05 01 00 c0 c4 01 05",
		"an Input of 7":                 "97 05 01 00 c0 c0 c4 01 05 c0",
		"an Output of 6":                "96 06 01 00 c0 c4 01 05 c0",
		"an Output with a bin behind":   "96 06 01 00 c0 c0 c4 01 05",
		"a payload that is a str":       "95 06 01 00 c0 a1 05",
		"a payload that is an ext":      "95 06 01 00 c0 c7 01 05 05",
		"a payload that is a bin in it": "95 06 01 00 c0 91 c4 01 05",
		"no payload":                    "94 06 01 00 c0",
		"a byte behind":                 "95 06 01 00 c0 c4 01 05 05",
		"a cut bin":                     "95 06 01 00 c0 c4 02 05",
		"a map":                         "82 06 01 00 c4 01 05",
		"a cut array16":                 "dc 00",
		"0xc1 in meta":                  "95 06 01 00 81 c1 05 c4 01 05",
	} {
		b := unhex(t, body)
		if m, content, ok := ParsePrefix(b, len(b)); ok {
			t.Errorf("%s: %v, %d", why, m, content)
		}
	}
	for _, c := range bad {
		if b := unhex(t, c.body); checkPrefix(t, b, len(b)) {
			t.Errorf("%s: accepted", c.why)
		}
	}
}

// FuzzParsePrefix: whenever a prefix is enough, the whole body means the same.
func FuzzParsePrefix(f *testing.F) {
	for _, m := range append(largeMessages, good...) {
		body := m.Append(nil)[HeaderSize:]
		f.Add(body[:min(len(body), 1000)], 100, len(body))
	}
	for _, c := range bad {
		f.Add(unhex(f, c.body), 20, 0)
	}
	f.Fuzz(func(t *testing.T, body []byte, prefix, size int) {
		checkPrefix(t, body, min(max(prefix, 0), len(body)))
		// A bin whose bytes are all missing.
		_, content, ok := ParsePrefix(body, size)
		if ok && size < 1<<20 {
			checkPrefix(t, append(bytes.Clone(body), make([]byte, max(size-len(body), 0))...)[:size], content)
		}
	})
}

// checkPrefix holds what ParsePrefix makes of the first n bytes of a body against what the
// others make of all of it, and reports whether they were enough.
func checkPrefix(t *testing.T, body []byte, n int) bool {
	t.Helper()
	m, content, ok := ParsePrefix(body[:n:n], len(body))
	whole, err := read(body)
	if !ok {
		if _, p := envelope(whole); n == len(body) && err == nil && p != nil {
			t.Fatalf("% x is refused", body)
		}
		return false
	}
	if err != nil {
		t.Fatalf("% x is accepted, but: %v", body[:n], err)
	}
	var got appender
	switch m.Type {
	case TypeInput:
		got, err = m.Input()
	case TypeOutput:
		got, err = m.Output()
	}
	want, p := envelope(whole)
	if err != nil || !same(got, want) {
		t.Fatalf("% x\nis read as %#v, %v\nbut whole as %#v", body[:n], got, err, whole)
	}
	if bin, ok := p.Bin(); !ok || !bytes.Equal(bin, body[content:]) {
		t.Fatalf("the bin at %d is % x, and that of the whole body % x, %v", content, body[content:], bin, ok)
	}
	return true
}

// envelope is an Input or Output without its payload, and the payload if it is a bin.
func envelope(m appender) (appender, Payload) {
	var p Payload
	switch v := m.(type) {
	case Input:
		p, v.Payload = v.Payload, nil
		m = v
	case Output:
		p, v.Payload = v.Payload, nil
		m = v
	}
	if _, ok := p.Bin(); !ok {
		p = nil
	}
	return m, p
}
