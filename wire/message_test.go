package wire

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// TestLenient reads what other implementations may write: any width of integer, elements
// too few or too many, odd text.
func TestLenient(t *testing.T) {
	ping := func(seq uint64) Ping { return Ping{seq} }
	for _, c := range []struct {
		why, body string
		want      appender
	}{
		{"a fixint", "92 03 07", ping(7)},
		{"a uint8", "92 03 cc 07", ping(7)},
		{"a uint16", "92 03 cd 00 07", ping(7)},
		{"a uint32", "92 03 ce 00 00 00 07", ping(7)},
		{"a uint64", "92 03 cf 00 00 00 00 00 00 00 07", ping(7)},
		{"an int8", "92 03 d0 07", ping(7)},
		{"an int16", "92 03 d1 00 07", ping(7)},
		{"an int32", "92 03 d2 00 00 00 07", ping(7)},
		{"an int64", "92 03 d3 00 00 00 00 00 00 00 07", ping(7)},
		{"an integral float32", "92 03 ca 40 e0 00 00", ping(7)},
		{"an integral float64", "92 03 cb 40 1c 00 00 00 00 00 00", ping(7)},
		{"minus zero", "92 03 cb 80 00 00 00 00 00 00 00", ping(0)},
		{"more than 32 bits", "92 03 cf 00 00 00 01 00 00 00 05", ping(1<<32 + 5)},
		{"more than an int64", "92 03 cf ff ff ff ff ff ff ff ff", ping(math.MaxInt64)},
		{"an array16 and a type of 64 bits", "dc 00 02 cf 00 00 00 00 00 00 00 03 07", ping(7)},
		{"an array32 and a type that is a float", "dd 00 00 00 02 ca 40 40 00 00 07", ping(7)},
		{"a missing element", "91 03", ping(0)},
		{"nil for an element", "92 03 c0", ping(0)},
		{"extra elements", "94 03 07 c3 91 80", ping(7)},

		{"a Pong without status", "92 04 07", Pong{Seq: 7}},
		{"an empty status", "93 04 07 80", Pong{Seq: 7}},
		{"a status with an unknown key", "93 04 07 82 a1 78 91 01 a9 69 6e 5f 66 6c 69 67 68 74 02",
			Pong{Seq: 7, Status: Status{InFlight: 2}}},
		{"nil in a status", "93 04 07 81 a8 73 74 75 63 6b 5f 6d 73 c0", Pong{Seq: 7}},

		{"an Input that is all missing but its id", "92 05 01", Input{ID: 1}},
		{"an Input of nils", "96 05 01 c0 c0 c0 c0", Input{ID: 1}},
		{"the largest id", "92 05 cf 00 1f ff ff ff ff ff ff", Input{ID: MaxID}},
		{"unknown flags", "93 05 01 cc f9", Input{ID: 1, Flags: FlagEnd}},
		{"flags over a byte", "93 05 01 cd 01 04", Input{ID: 1, Flags: FlagEmpty}},
		{"the method \"\"", "96 05 01 00 a0 c0 c0", Input{ID: 1, Method: []byte{}}},
		{"a method that is no UTF-8", "96 05 01 00 a3 61 ff 62 c0 c0", Input{ID: 1, Method: []byte("a\uFFFDb")}},
		{"a NUL in a method", "96 05 01 00 a1 00 c0 c0", Input{ID: 1, Method: []byte{0}}},
		{"a payload that is an ext", "95 06 01 01 c0 d4 05 ff", Output{ID: 1, Flags: FlagEnd, Payload: Payload{0xd4, 5, 0xff}}},
		{"an empty meta", "95 06 01 01 80 c0", Output{ID: 1, Flags: FlagEnd, Meta: Meta{0x80}}},

		{"a Cancel without reason", "92 07 03", Cancel{ID: 3}},
		{"overlong UTF-8", "93 07 03 a2 c0 af", Cancel{ID: 3, Reason: "\uFFFD"}},
		{"a lone surrogate", "93 07 03 a5 78 ed a0 80 79", Cancel{ID: 3, Reason: "x\uFFFDy"}},
		{"the least credit", "93 08 03 01", Credit{ID: 3, Bytes: 1}},
		{"the largest credit", "93 08 03 ce 7f ff ff ff", Credit{ID: 3, Bytes: MaxCredit}},

		{"an empty Log", "91 09", Log{Level: LevelInfo, Time: time.UnixMilli(0)}},
		{"a level that is no str", "92 09 91 1e", Log{Level: LevelInfo, Time: time.UnixMilli(0)}},
		{"an unknown level", "93 09 a5 74 72 61 63 65 05", Log{Level: LevelInfo, Time: time.UnixMilli(5)}},
		{"a time before 1970", "93 09 a4 77 61 72 6e ff", Log{Level: LevelWarn, Time: time.UnixMilli(-1)}},

		{"a Shutdown without grace", "91 0a", Shutdown{}},
		{"a grace without end", "92 0a cf ff ff ff ff ff ff ff ff", Shutdown{Grace: math.MaxInt32 * time.Millisecond}},
		{"a bare ShutdownAck", "91 0b", ShutdownAck{}},
		{"a bare Exiting", "91 0c", Exiting{}},
		{"a negative exit code", "92 0c ff", Exiting{Code: -1}},

		{"an empty Initialize", "92 01 80", Initialize{MaxFrame: DefaultMaxFrame, Window: DefaultWindow, Concurrency: DefaultHostConcurrency}},
		{"zeros for the defaults", "92 01 82 a6 77 69 6e 64 6f 77 00 a9 6d 61 78 5f 66 72 61 6d 65 c0",
			Initialize{MaxFrame: DefaultMaxFrame, Window: DefaultWindow, Concurrency: DefaultHostConcurrency}},
		{"a key twice", "92 01 82 a6 77 6f 72 6b 65 72 a1 61 a6 77 6f 72 6b 65 72 a1 62",
			Initialize{Worker: "b", MaxFrame: DefaultMaxFrame, Window: DefaultWindow, Concurrency: DefaultHostConcurrency}},
		{"a key in another case", "92 01 81 a6 57 6f 72 6b 65 72 a1 61",
			Initialize{MaxFrame: DefaultMaxFrame, Window: DefaultWindow, Concurrency: DefaultHostConcurrency}},
		{"an empty Initialized", "92 02 80", Initialized{MaxFrame: DefaultMaxFrame, Window: DefaultWindow}},
		{"no methods, which is not any", "92 02 81 a7 6d 65 74 68 6f 64 73 90",
			Initialized{Methods: []string{}, MaxFrame: DefaultMaxFrame, Window: DefaultWindow}},
		{"an empty error map", "92 02 81 a5 65 72 72 6f 72 80",
			Initialized{Error: &Error{Code: CodeFailed}, MaxFrame: DefaultMaxFrame, Window: DefaultWindow}},
		{"nil for an error", "92 02 81 a5 65 72 72 6f 72 c0", Initialized{MaxFrame: DefaultMaxFrame, Window: DefaultWindow}},

		{"an unknown type", "92 0d 01", nil},
		{"grease", "91 70", nil},
		{"type 0", "91 00", nil},
		{"a negative type", "91 ff", nil},
		{"the largest type", "91 cf ff ff ff ff ff ff ff ff", nil},
	} {
		got, err := read(unhex(t, c.body))
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
		} else if c.want == nil && got != nil || c.want != nil && !same(got, c.want) {
			t.Errorf("%s:\n got %#v\nwant %#v", c.why, got, c.want)
		}
	}
}

// TestHeads holds the append functions for heads against the messages as a whole.
func TestHeads(t *testing.T) {
	payload := mustEncode(strings.Repeat("x", 70000))
	meta := AppendTimeout(nil, time.Second)
	for _, c := range []struct {
		head []byte
		want appender
	}{
		{AppendInputHead(nil, 5, FlagEnd, "m", meta, len(payload)), Input{5, FlagEnd, []byte("m"), meta, payload}},
		{AppendInputHead(nil, 5, 0, "", nil, len(payload)), Input{5, 0, []byte{}, nil, payload}},
		{AppendMoreHead(nil, 5, FlagEnd, len(payload)), Input{5, FlagEnd, nil, nil, payload}},
		{AppendOutputHead(nil, 5, FlagEnd, meta, len(payload)), Output{5, FlagEnd, meta, payload}},
		{AppendOutputHead(nil, MaxID, 0, nil, len(payload)), Output{MaxID, 0, nil, payload}},
	} {
		if got, want := string(append(c.head, payload...)), string(c.want.Append(nil)); got != want {
			t.Errorf("%T: the head is % x, the message begins with % x", c.want, c.head, want[:len(c.head)])
		}
	}
}

// TestBinHead holds the heads of bins against Encode.
func TestBinHead(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 65535, 65536} {
		p := mustEncode(make([]byte, n))
		if got := AppendBinHead(nil, n); len(p) != len(got)+n || string(p[:len(got)]) != string(got) {
			t.Errorf("%d bytes: % x", n, got)
		}
	}
}

// TestGrease sends every type that means nothing, and none that means anything.
func TestGrease(t *testing.T) {
	seen := map[Type]bool{}
	for seq := range uint64(1000) {
		m, err := Parse(AppendGrease(nil, seq)[4:])
		if err != nil || m.Type < GreaseFirst || m.Type > GreaseLast || m.Type.Known() {
			t.Fatalf("seq %d: %v, %v", seq, m.Type, err)
		}
		seen[m.Type] = true
	}
	if len(seen) != int(GreaseLast-GreaseFirst)+1 {
		t.Errorf("only %d types", len(seen))
	}
	if _, err := Parse(AppendGrease(nil, math.MaxUint64)[4:]); err != nil {
		t.Error(err)
	}
}

// TestTimeout carries the time left through meta.
func TestTimeout(t *testing.T) {
	for _, c := range []struct{ left, want time.Duration }{
		{time.Second, time.Second},
		{1, time.Millisecond},
		{time.Millisecond + 1, 2 * time.Millisecond},
		{0, 0},
		{-time.Hour, 0},
		{math.MinInt64, 0},
		{math.MaxInt64, math.MaxInt64 / time.Millisecond * time.Millisecond},
	} {
		if got, ok := AppendTimeout(nil, c.left).Timeout(); !ok || got != c.want {
			t.Errorf("%v left is read as %v, %v", c.left, got, ok)
		}
	}
	for _, none := range []string{"", "80", "81 aa 74 69 6d 65 6f 75 74 5f 6d 73 c0", "c0", "93", "81 01 02"} {
		if got, ok := Meta(unhex(t, none)).Timeout(); ok {
			t.Errorf("meta % s has the timeout %v", none, got)
		}
	}
}

// TestLookup finds keys of meta.
func TestLookup(t *testing.T) {
	m := Meta(unhex(t, "83 a1 61 01 a1 62 91 80 a1 61 02"))
	if p, ok := m.Lookup("a"); !ok || string(p) != "\x02" {
		t.Errorf("of a key that stands there twice the last one counts, not % x", p)
	}
	if p, ok := m.Lookup("b"); !ok || string(p) != "\x91\x80" {
		t.Errorf("b is % x, %v", p, ok)
	}
	if p, ok := m.Lookup("c"); ok {
		t.Errorf("c is % x", p)
	}
}

// TestError reads error maps, and whatever else stands where one should.
func TestError(t *testing.T) {
	data := mustEncode(map[string]any{"retry_after": 3})
	want := &Error{Code: "quota", Message: "none left", Data: data}
	if got := ParseError(want.Append(nil)); !same(Initialized{Error: got}, Initialized{Error: want}) {
		t.Errorf("%#v", got)
	}
	for why, p := range map[string]string{
		"nothing": "", "nil": "c0", "a str": "a1 78", "an array": "91 80", "a code that is an int": "81 a4 63 6f 64 65 05",
		"a key that is an int": "81 01 02", "a bomb": "df ff ff ff ff", "an empty map": "80",
	} {
		if got := ParseError(unhex(t, p)); got.Code != CodeFailed {
			t.Errorf("%s reads as %v", why, got)
		}
	}
	// What would break the frame stays behind.
	for why, data := range map[string]Payload{
		"no bytes": {}, "two values": {1, 2}, "a cut one": {0x92, 1}, "one too deep": deep(maxDataDepth + 1),
	} {
		e := &Error{Code: "x", Message: "y", Data: data}
		if got := ParseError(e.Append(nil)); got.Code != "x" || got.Data != nil {
			t.Errorf("data of %s: %#v", why, got)
		}
	}
	deepest := Initialized{Error: &Error{Code: "x", Data: deep(maxDataDepth)}}
	if got, err := read(deepest.Append(nil)[4:]); err != nil || len(got.(Initialized).Error.Data) != maxDataDepth {
		t.Errorf("the deepest data: %#v, %v", got, err)
	}
}

// deep is a payload of that many levels.
func deep(levels int) Payload {
	p := make(Payload, levels)
	for i := range p {
		p[i] = 0x91
	}
	p[levels-1] = 0x90
	return p
}

// TestNothingNegative sends 0 where a number below would be fatal.
func TestNothingNegative(t *testing.T) {
	for _, m := range []appender{
		Pong{Seq: 1, Status: Status{InFlight: -1, Stuck: -time.Second}},
		Shutdown{Grace: -time.Second},
		ShutdownAck{InFlight: -1},
		Initialize{PingInterval: -time.Second, PingTimeout: -1},
	} {
		if _, err := read(m.Append(nil)[4:]); err != nil {
			t.Errorf("%#v: %v", m, err)
		}
	}
}

// TestNames names types and sides.
func TestNames(t *testing.T) {
	if got := fmt.Sprint(TypePing, Type(112), Parent, Child, Parent.Other()); got != "Ping Type(112) parent child child" {
		t.Error(got)
	}
}
