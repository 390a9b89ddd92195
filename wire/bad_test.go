package wire

import (
	"bytes"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"testing"
)

// TestBadFrames feeds a Reader what is no frame.
func TestBadFrames(t *testing.T) {
	ascii := func(s string) string { return s + strings.Repeat(" ", 64) }
	for _, c := range []struct {
		why, stream string
		rule        Rule  // of the violation, or
		err         error // the other error
	}{
		{"an empty stream", "", "", io.EOF},
		{"1 byte of a length", "\x00", "", io.ErrUnexpectedEOF},
		{"2 bytes of a length", "\x00\x00", "", io.ErrUnexpectedEOF},
		{"3 bytes of a length", "\x00\x00\x00", "", io.ErrUnexpectedEOF},
		{"a length and no body", "\x00\x00\x00\x02", "", io.ErrUnexpectedEOF},
		{"a cut body", "\x00\x00\x00\x03\x92\x03", "", io.ErrUnexpectedEOF},
		{"length 0", "\x00\x00\x00\x00", RuleFrameLength, nil},
		{"the limit and one", "\x01\x00\x00\x01", RuleFrameLength, nil},
		{"2^31-1", "\x7f\xff\xff\xff", RuleFrameLength, nil},
		{"2^31", "\x80\x00\x00\x00", RuleFrameLength, nil},
		{"2^32-1", "\xff\xff\xff\xff", RuleFrameLength, nil},
		{"a little-endian length", "\x02\x00\x00\x00\x91\x0b", RuleFrameLength, nil},
		{"a Python traceback", ascii("Traceback (most recent call last):"), RuleFrameLength, nil},
		{"a Go panic", ascii("panic: runtime error"), RuleFrameLength, nil},
		{"HTTP", ascii("HTTP/1.1 400 Bad Request\r\n"), RuleFrameLength, nil},
		{"a byte order mark", ascii("\xef\xbb\xbfhello"), RuleFrameLength, nil},
		{"JSON", ascii(`{"jsonrpc":"2.0"}`), RuleFrameLength, nil},
		{"a stray newline", "\n\x00\x00\x00\x02\x91\x0b", RuleFrameLength, nil},
		{"a print", "hello\n", RuleFrameLength, nil},
	} {
		_, _, err := NewReader(strings.NewReader(c.stream)).Next()
		if ruleOf(err) != c.rule || c.err != nil && err != c.err {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

// TestBadSequences feeds a Reader good frames with something wrong behind them.
func TestBadSequences(t *testing.T) {
	ping := string(Ping{Seq: 7}.Append(nil))
	for _, c := range []struct {
		why, stream string
		frames      int
		rule        Rule
		err         error
	}{
		{"two frames at once", ping + ping, 2, "", io.EOF},
		{"a stray byte behind a frame", ping + "\x00", 1, "", io.ErrUnexpectedEOF},
		{"a length that is too small", "\x00\x00\x00\x02" + ping[4:] + ping, 1, RuleFrameLength, nil},
		{"a print between frames", ping + "hello\n" + ping, 1, RuleFrameLength, nil},
		{"a length of 0 between frames", ping + "\x00\x00\x00\x00" + ping, 1, RuleFrameLength, nil},
	} {
		r := NewReader(strings.NewReader(c.stream))
		var err error
		frames := -1
		for err == nil {
			frames++
			_, _, err = r.Next()
		}
		if frames != c.frames || ruleOf(err) != c.rule || c.err != nil && err != c.err {
			t.Errorf("%s: %d frames, then %v", c.why, frames, err)
		}
	}
}

// bad are bodies that break a rule, whoever sends them and when.
var bad = []struct {
	why, body string
	rule      Rule
}{
	{"nil for the whole message", "c0", RuleBodyArray},
	{"a map for the message", "81 01 80", RuleBodyArray},
	{"an int for the message", "05", RuleBodyArray},
	{"a bool for the message", "c3", RuleBodyArray},
	{"a str for the message", "a4 50 69 6e 67", RuleBodyArray},
	{"a bin for the message", "c4 02 91 0b", RuleBodyArray},
	{"an ext for the message", "d5 01 91 0b", RuleBodyArray},
	{"0xc1 for the message", "c1", RuleBodyArray},
	{"an empty array", "90", RuleBodyArray},
	{"an empty array16", "dc 00 00", RuleBodyArray},
	{"an empty array32", "dd 00 00 00 00", RuleBodyArray},

	{"an array of more than there is", "92 03", RuleBodyCut},
	{"a cut array16", "dc 00", RuleBodyCut},
	{"a cut array32", "dd 00 00 00", RuleBodyCut},
	{"a cut integer", "92 03 cd 00", RuleBodyCut},
	{"a cut str", "93 07 03 a5 78", RuleBodyCut},
	{"an array32 of 2^32-1", "95 06 01 01 c0 dd ff ff ff ff", RuleBodyCut},
	{"a map32 of 2^32-1", "95 06 01 01 c0 df ff ff ff ff", RuleBodyCut},
	{"a body that is an array32 of 2^32-1", "dd ff ff ff ff", RuleBodyCut},
	{"an array32 of 2^24", "95 06 01 01 c0 dd 01 00 00 00", RuleBodyCut},
	{"a map32 of 2^24", "95 06 01 01 c0 df 01 00 00 00", RuleBodyCut},
	{"an array32 of 2^27", "95 06 01 01 c0 dd 08 00 00 00", RuleBodyCut},
	{"a bin of 4 GiB", "95 06 01 01 c0 c6 ff ff ff ff", RuleBodyCut},
	{"a str of 4 GiB", "95 06 01 01 c0 db ff ff ff ff", RuleBodyCut},
	{"an ext of 4 GiB", "95 06 01 01 c0 c9 ff ff ff ff 05", RuleBodyCut},
	{"an array16 of more than is left", "95 06 01 01 c0 dc ff ff 00", RuleBodyCut},
	{"counts that only fit alone", "95 06 01 01 c0 94 94 94 94 00 00 00 00", RuleBodyCut},
	{"a map of one key and no value", "95 06 01 01 c0 81 a1 61", RuleBodyCut},
	{"a bomb in an element that is ignored", "93 03 07 dd ff ff ff ff", RuleBodyCut},
	{"a bomb in an unknown type", "92 70 df ff ff ff ff", RuleBodyCut},

	{"a byte behind the body", "92 03 07 00", RuleBodyRest},
	{"a second message behind the body", "92 03 07 92 03 08", RuleBodyRest},
	{"an element more than declared", "92 07 03 a1 78", RuleBodyRest},

	{"0xc1 for the type", "91 c1", RuleBodyByte},
	{"0xc1 for an element", "92 03 c1", RuleBodyByte},
	{"0xc1 in a payload", "95 06 01 01 c0 91 c1", RuleBodyByte},
	{"0xc1 in an unknown type", "92 7f c1", RuleBodyByte},

	{"a level too many", "95 06 01 01 c0" + strings.Repeat(" 91", 64) + " c0", RuleBodyDepth},
	{"an empty array one level too deep", "95 06 01 01 c0" + strings.Repeat(" 91", 63) + " 90", RuleBodyDepth},
	{"maps too deep", "95 06 01 01 c0" + strings.Repeat(" 81 a1 70", 64) + " c0", RuleBodyDepth},
	{"maps as keys too deep", "95 06 01 01 c0" + strings.Repeat(" 81", 64) + " c0" + strings.Repeat(" c0", 64), RuleBodyDepth},
	{"levels in an unknown type", "92 70" + strings.Repeat(" 91", 64) + " c0", RuleBodyDepth},

	{"nil for the type", "91 c0", RuleElement},
	{"a str for the type", "91 a1 31", RuleElement},
	{"a bool for the type", "91 c3", RuleElement},
	{"a fraction for the type", "91 cb 3f f8 00 00 00 00 00 00", RuleElement},
	{"NaN for the type", "91 ca 7f c0 00 00", RuleElement},
	{"infinity for a number", "92 03 cb 7f f0 00 00 00 00 00 00", RuleElement},
	{"a fraction for a number", "92 03 ca 3f 00 00 00", RuleElement},
	{"a str for a number", "92 03 a1 31", RuleElement},
	{"a bool for a number", "92 03 c3", RuleElement},
	{"an ext for a number", "92 03 d4 01 07", RuleElement},
	{"a negative sequence number", "92 03 ff", RuleElement},
	{"a status that is no map", "93 04 07 91 01", RuleElement},
	{"a status key that is an int", "93 04 07 81 01 02", RuleElement},
	{"a negative status", "93 04 07 81 a8 73 74 75 63 6b 5f 6d 73 ff", RuleElement},
	{"a str for an id", "92 05 a1 31", RuleElement},
	{"a bool for an id", "92 06 c3", RuleElement},
	{"a fraction for an id", "92 07 ca 3f c0 00 00", RuleElement},
	{"a str for flags", "93 05 01 a1 31", RuleElement},
	{"negative flags", "93 05 01 ff", RuleElement},
	{"flags over 2^53", "93 05 01 cf 00 20 00 00 00 00 00 00", RuleElement},
	{"a method that is a bin", "94 05 01 00 c4 01 61", RuleElement},
	{"a method that is an int", "94 05 01 00 05", RuleElement},
	{"a method that is an ext", "94 05 01 00 d4 01 61", RuleElement},
	{"meta that is an array", "95 05 01 00 a0 91 01", RuleElement},
	{"meta that is an ext", "94 06 01 00 d4 01 80", RuleElement},
	{"a meta key that is an int", "94 06 01 00 81 01 02", RuleElement},
	{"a meta key that is nil", "94 06 01 00 81 c0 02", RuleElement},
	{"a meta key that is an array", "94 06 01 00 81 90 02", RuleElement},
	{"a meta key that is a bin", "94 06 01 00 81 c4 01 61 02", RuleElement},
	{"a timeout that is a str", "95 05 01 00 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 a1 35", RuleElement},
	{"an Input with an element more", "97 05 01 00 a0 c0 c0 c0", RuleElement},
	{"an Output with an element more", "96 06 01 00 c0 c0 c0", RuleElement},
	{"a reason that is a bin", "93 07 01 c4 01 61", RuleElement},
	{"a credit of nothing", "92 08 01", RuleElement},
	{"a credit of 0", "93 08 01 00", RuleElement},
	{"a negative credit", "93 08 01 ff", RuleElement},
	{"a credit of 2^31", "93 08 01 ce 80 00 00 00", RuleElement},
	{"a time that is a str", "93 09 a4 69 6e 66 6f a1 35", RuleElement},
	{"a message that is an int", "94 09 a4 69 6e 66 6f 05 05", RuleElement},
	{"fields that are an array", "95 09 a4 69 6e 66 6f 05 a1 78 90", RuleElement},
	{"a field whose key is an int", "95 09 a4 69 6e 66 6f 05 a1 78 81 01 02", RuleElement},
	{"a negative grace", "92 0a d3 80 00 00 00 00 00 00 00", RuleElement},
	{"a grace that is a str", "92 0a a1 35", RuleElement},
	{"a negative number in flight", "92 0b ff", RuleElement},
	{"an exit code that is a str", "92 0c a1 30", RuleElement},
	{"an Initialize without its map", "91 01", RuleElement},
	{"an Initialize with nil for its map", "92 01 c0", RuleElement},
	{"an Initialize with an array for its map", "92 01 90", RuleElement},
	{"an Initialize with a key that is an int", "92 01 81 01 02", RuleElement},
	{"versions that are an int", "92 01 81 a8 76 65 72 73 69 6f 6e 73 01", RuleElement},
	{"a version that is a str", "92 01 81 a8 76 65 72 73 69 6f 6e 73 91 a1 31", RuleElement},
	{"a negative window", "92 01 81 a6 77 69 6e 64 6f 77 ff", RuleElement},
	{"an Initialized without its map", "91 02", RuleElement},
	{"a method name that is nil", "92 02 81 a7 6d 65 74 68 6f 64 73 91 c0", RuleElement},
	{"features that are a str", "92 02 81 a8 66 65 61 74 75 72 65 73 a1 78", RuleElement},
	{"an error that is a str", "92 02 81 a5 65 72 72 6f 72 a1 78", RuleElement},
	{"an error code that is an int", "92 02 81 a5 65 72 72 6f 72 81 a4 63 6f 64 65 05", RuleElement},

	{"no id", "91 05", RuleID},
	{"a nil id", "92 06 c0", RuleID},
	{"id 0", "92 07 00", RuleID},
	{"a negative id", "92 08 ff", RuleID},
	{"an id of 2^53", "92 05 cf 00 20 00 00 00 00 00 00", RuleID},
	{"an id of 2^64-1", "92 06 cf ff ff ff ff ff ff ff ff", RuleID},

	{"a max_frame of 4095", "92 01 81 a9 6d 61 78 5f 66 72 61 6d 65 cd 0f ff", RuleMaxFrame},
	{"a max_frame of 1", "92 02 81 a9 6d 61 78 5f 66 72 61 6d 65 01", RuleMaxFrame},
}

// TestBadBodies reads every bad body, and finds the rule and a place inside the frame.
func TestBadBodies(t *testing.T) {
	for _, c := range bad {
		body := unhex(t, c.body)
		_, err := read(body)
		var v *Violation
		if !errors.As(err, &v) {
			t.Errorf("%s: %v, not a violation", c.why, err)
		} else if v.Rule != c.rule {
			t.Errorf("%s: %v, not %s", c.why, err, c.rule)
		} else if v.Offset < 4 || v.Offset > 4+len(body) {
			t.Errorf("%s: %v, which is outside of the frame", c.why, err)
		}
	}
}

// TestEmptyBody parses no bytes at all, which no Reader returns.
func TestEmptyBody(t *testing.T) {
	if _, err := Parse(nil); ruleOf(err) != RuleFrameLength {
		t.Error(err)
	}
}

// TestNesting parses what would exhaust the stack of a parser that recurses.
func TestNesting(t *testing.T) {
	for why, unit := range map[string]string{"arrays": "\x91", "maps": "\x81\xa1p", "maps as keys": "\x81"} {
		body := append([]byte{0x95, 6, 1, 1, 0xc0}, strings.Repeat(unit, (16<<20-8)/len(unit))...)
		if _, err := Parse(body); ruleOf(err) != RuleBodyDepth {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// TestDeepest accepts a payload of 63 levels: the body's array is the 64th.
func TestDeepest(t *testing.T) {
	out := Output{ID: 1, Flags: FlagEnd, Payload: deep(MaxDepth - 1)}
	got, err := read(out.Append(nil)[4:])
	if err != nil || !same(got, out) {
		t.Fatal(got, err)
	}
	var v any
	if err := out.Payload.Decode(&v); err != nil {
		t.Error(err)
	}
}

// TestLongMethod accepts a method of a megabyte: who is called is not the frame's concern.
func TestLongMethod(t *testing.T) {
	in := Input{ID: 1, Method: bytes.Repeat([]byte{'m'}, 1<<20)}
	if got, err := read(in.Append(nil)[4:]); err != nil || !same(got, in) {
		t.Error(err)
	}
}

// TestTruncation cuts every good message at every byte, as a stream and as a body.
func TestTruncation(t *testing.T) {
	for _, m := range good {
		b := m.Append(nil)
		for n := range b {
			want := io.ErrUnexpectedEOF
			if n == 0 {
				want = io.EOF
			}
			if _, _, err := NewReader(bytes.NewReader(b[:n])).Next(); err != want {
				t.Fatalf("%T, %d of %d bytes of the frame: %v", m, n, len(b), err)
			}
		}
		body := b[4:]
		for n := 1; n < len(body); n++ {
			if _, err := Parse(body[:n]); ruleOf(err) != RuleBodyCut {
				t.Fatalf("%T, %d of %d bytes of the body: %v", m, n, len(body), err)
			}
		}
	}
}

// TestBitFlips flips every bit of every good frame: what comes out is a message or a
// violation of a known rule.
func TestBitFlips(t *testing.T) {
	known := map[Rule]bool{}
	for _, r := range Rules {
		known[r] = true
	}
	for _, m := range good {
		b := m.Append(nil)
		for bit := range 8 * len(b) {
			b[bit/8] ^= 1 << (bit % 8)
			body, _, err := NewReader(bytes.NewReader(b)).Next()
			if err == nil {
				var v appender
				v, err = read(body)
				if err == nil && v != nil {
					v.Append(nil)
				}
			}
			if err != nil && err != io.ErrUnexpectedEOF && !known[ruleOf(err)] {
				t.Fatalf("%T, bit %d: %v", m, bit, err)
			}
			b[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// TestFrom holds the types against who may send them.
func TestFrom(t *testing.T) {
	for ty := Type(0); ty < 200; ty++ {
		if !ty.From(Parent) && !ty.From(Child) {
			t.Errorf("nobody may send %v", ty)
		}
		if !ty.Known() && !(ty.From(Parent) && ty.From(Child)) {
			t.Errorf("%v is unknown, so either may send it", ty)
		}
	}
	if TypeShutdown.From(Child) || TypeInitialize.From(Child) || TypePong.From(Parent) || TypeExiting.From(Parent) {
		t.Error("a message may be sent by the side that only receives it")
	}
}

// limitStack makes the program die of recursion sooner than of the machine's memory.
func limitStack(t testing.TB) {
	old := debug.SetMaxStack(64 << 20)
	t.Cleanup(func() { debug.SetMaxStack(old) })
}
