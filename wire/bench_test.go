package wire

import (
	"testing"
	"time"
)

// exchanged are the bodies of a call.
type exchanged struct {
	name    string
	in, out []byte
}

// benchBodies are calls with a small payload.
func benchBodies() []exchanged {
	meta := AppendTimeout(nil, 30*time.Second)
	bin := mustEncode(make([]byte, 64))
	fields := mustEncode(map[string]any{"name": "kin", "n": 300, "ratio": 1.5, "ok": true, "tags": []string{"a", "b"}})
	body := func(m appender) []byte { return m.Append(nil)[HeaderSize:] }
	input := func(meta Meta, p Payload) []byte {
		return body(Input{ID: 1 << 20, Flags: FlagEnd, Method: []byte("echo"), Meta: meta, Payload: p})
	}
	output := func(p Payload) []byte { return body(Output{ID: 1 << 20, Flags: FlagEnd, Payload: p}) }
	return []exchanged{
		{"bin64", input(nil, bin), output(bin)},
		{"map5", input(nil, fields), output(fields)},
		{"timeout", input(meta, bin), output(bin)},
	}
}

// BenchmarkInput parses and reads the first message of a call.
func BenchmarkInput(b *testing.B) {
	for _, c := range benchBodies() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				m, err := Parse(c.in)
				if err != nil {
					b.Fatal(err)
				}
				if sink.in, err = m.Input(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOutput parses and reads the answer.
func BenchmarkOutput(b *testing.B) {
	for _, c := range benchBodies() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				m, err := Parse(c.out)
				if err != nil {
					b.Fatal(err)
				}
				if sink.out, err = m.Output(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHeads appends the heads of a call.
func BenchmarkHeads(b *testing.B) {
	meta := AppendTimeout(nil, 30*time.Second)
	dst := make([]byte, 0, 512)
	b.Run("input", func(b *testing.B) {
		for b.Loop() {
			sink.b = AppendInputHead(dst, 1<<20, FlagEnd, "echo", nil, 66)
		}
	})
	b.Run("input timeout", func(b *testing.B) {
		for b.Loop() {
			sink.b = AppendInputHead(dst, 1<<20, FlagEnd, "echo", meta, 66)
		}
	})
	b.Run("output", func(b *testing.B) {
		for b.Loop() {
			sink.b = AppendOutputHead(dst, 1<<20, FlagEnd, nil, 66)
		}
	})
}

// BenchmarkTimeout reads the timeout of a meta.
func BenchmarkTimeout(b *testing.B) {
	for name, meta := range map[string]Meta{"nil": nil, "30s": AppendTimeout(nil, 30*time.Second)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				sink.left, _ = meta.Timeout()
			}
		})
	}
}

type benchStruct struct {
	Name string
	N    int
	OK   bool
}

// BenchmarkEncode encodes small values.
func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct {
		name string
		v    any
	}{
		{"bytes", make([]byte, 64)}, {"string", "hello, world"}, {"int", 300}, {"struct", benchStruct{"kin", 300, true}},
		{"payload", mustEncode(make([]byte, 64))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := Encode(c.v)
				if err != nil {
					b.Fatal(err)
				}
				sink.b = p
			}
		})
	}
}

// BenchmarkDecode decodes small values.
func BenchmarkDecode(b *testing.B) {
	var (
		bin []byte
		str string
		n   int
		st  benchStruct
		x   any
	)
	for _, c := range []struct {
		name string
		p    Payload
		v    any
	}{
		{"bytes", mustEncode(make([]byte, 64)), &bin},
		{"string", mustEncode("hello, world"), &str},
		{"int", mustEncode(300), &n},
		{"struct", mustEncode(benchStruct{"kin", 300, true}), &st},
		{"any", mustEncode("hello, world"), &x},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.p.Decode(c.v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParsePrefix reads the envelope of a large message.
func BenchmarkParsePrefix(b *testing.B) {
	body := Output{ID: 1 << 20, Flags: FlagEnd, Payload: mustEncode(make([]byte, 1<<20))}.Append(nil)[HeaderSize:]
	for b.Loop() {
		m, content, ok := ParsePrefix(body[:64], len(body))
		if !ok {
			b.Fatal("the prefix is not enough")
		}
		sink.b = body[content:]
		var err error
		if sink.out, err = m.Output(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendValue encodes small values into a buffer.
func BenchmarkAppendValue(b *testing.B) {
	dst := make([]byte, 0, 256)
	for name, v := range map[string]any{"bytes": make([]byte, 64), "string": "hello, world", "int": 300, "struct": benchStruct{"kin", 300, true}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if sink.b, err = AppendValue(dst, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
