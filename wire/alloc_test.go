package wire

import (
	"testing"
	"time"
)

// sink keeps what is read from being optimised away.
var sink struct {
	in   Input
	out  Output
	pong Pong
	ping Ping
	b    []byte
	left time.Duration
}

// TestAllocs holds what every call goes through to no allocations.
func TestAllocs(t *testing.T) {
	buf := make([]byte, 0, 64<<10)
	meta := AppendTimeout(nil, 30*time.Second)
	payload := mustEncode(make([]byte, 1000))
	in := Input{ID: 1<<40 + 1, Flags: FlagEnd, Method: []byte("a method of more than thirty-two bytes"), Meta: meta, Payload: payload}
	out := Output{ID: 7, Flags: FlagEnd, Payload: payload}
	pong := Pong{Seq: 1 << 20, Status: Status{InFlight: 3, Stuck: time.Second}}
	inBody, outBody, pongBody := in.Append(nil)[4:], out.Append(nil)[4:], pong.Append(nil)[4:]
	pingBody := Ping{Seq: 9}.Append(nil)[4:]

	var str string
	var n int
	reused := make([]byte, 1000)
	five, empty := mustEncode(5000), mustEncode("")
	var small, boxed any = benchStruct{"kin", 300, true}, reused

	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what string
		f    func()
	}{
		{"AppendInputHead", func() { sink.b = AppendInputHead(buf, 1<<33, FlagEnd, "echo", meta, 1000) }},
		{"AppendMoreHead", func() { sink.b = AppendMoreHead(buf, 1<<33, 0, 1000) }},
		{"AppendOutputHead", func() { sink.b = AppendOutputHead(buf, 1<<33, 0, meta, 1000) }},
		{"AppendBinHead", func() { sink.b = AppendBinHead(buf, 70000) }},
		{"AppendTimeout", func() { sink.b = AppendTimeout(buf, time.Minute) }},
		{"AppendGrease", func() { sink.b = AppendGrease(buf, 77) }},
		{"Input.Append", func() { sink.b = in.Append(buf) }},
		{"Output.Append", func() { sink.b = out.Append(buf) }},
		{"Ping.Append", func() { sink.b = Ping{Seq: 9}.Append(buf) }},
		{"Pong.Append", func() { sink.b = pong.Append(buf) }},
		{"Credit.Append", func() { sink.b = Credit{ID: 3, Bytes: 32768}.Append(buf) }},
		{"Cancel.Append", func() { sink.b = Cancel{ID: 3, Reason: "gone"}.Append(buf) }},
		{"Input", func() {
			m, err := Parse(inBody)
			check(err)
			sink.in, err = m.Input()
			check(err)
		}},
		{"Output", func() {
			m, err := Parse(outBody)
			check(err)
			sink.out, err = m.Output()
			check(err)
		}},
		{"Ping", func() {
			m, err := Parse(pingBody)
			check(err)
			sink.ping, err = m.Ping()
			check(err)
		}},
		{"Pong", func() {
			m, err := Parse(pongBody)
			check(err)
			sink.pong, err = m.Pong()
			check(err)
		}},
		{"Timeout", func() { _, _ = meta.Timeout() }},
		{"Bin", func() { sink.b, _ = payload.Bin() }},
		{"Check", func() { check(Check(payload)) }},
		{"ParsePrefix", func() {
			m, content, ok := ParsePrefix(inBody[:100], len(inBody))
			if !ok {
				t.Fatal("the prefix is not enough")
			}
			sink.b = inBody[content:]
			var err error
			sink.in, err = m.Input()
			check(err)
		}},
		{"AppendValue of a struct", func() {
			var err error
			sink.b, err = AppendValue(buf, small)
			check(err)
		}},
		{"AppendValue of bytes", func() {
			var err error
			sink.b, err = AppendValue(buf, boxed)
			check(err)
		}},
		{"Decode of bytes", func() { check(payload.Decode(&reused)) }},
		{"Decode of an int", func() { check(five.Decode(&n)) }},
		{"Decode of no string", func() { check(empty.Decode(&str)) }},
	} {
		if got := testing.AllocsPerRun(100, c.f); got != 0 {
			t.Errorf("%s: %v allocations", c.what, got)
		}
	}
}

// BenchmarkParse parses and reads the messages of a call.
func BenchmarkParse(b *testing.B) {
	in := Input{ID: 1, Flags: FlagEnd, Method: []byte("echo"), Payload: mustEncode(map[string]any{"a": 1, "b": "two", "c": []int{3}})}.Append(nil)[4:]
	b.ReportAllocs()
	for b.Loop() {
		m, err := Parse(in)
		if err != nil {
			b.Fatal(err)
		}
		if sink.in, err = m.Input(); err != nil {
			b.Fatal(err)
		}
	}
}
