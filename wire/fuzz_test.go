package wire

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
)

// The fuzz targets call decode, which does not recover, rather than Payload.Decode. Their
// seeds are in testdata/fuzz: the good messages and the bad inputs of the other tests.

// FuzzParse: what is accepted has a meaning that survives another encoding, and a payload
// that decodes in memory that is in proportion to it; what is not breaks a rule.
func FuzzParse(f *testing.F) {
	limitStack(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := read(body)
		if err != nil {
			if ruleOf(err) == "" {
				t.Fatalf("not a violation: %v", err)
			}
			return
		}
		if v == nil {
			return
		}
		again := v.Append(nil)
		w, err := read(again[4:])
		if err != nil {
			t.Fatalf("%#v is encoded as % x: %v", v, again, err)
		}
		if !same(v, w) {
			t.Fatalf("%#v\nis encoded as % x\nand that means %#v", v, again, w)
		}
		if third := w.Append(nil); !bytes.Equal(again, third) {
			t.Fatalf("% x\nis encoded as % x", again, third)
		}
		for _, p := range payloads(v) {
			var x any
			if got := allocated(func() { _ = decode(p, &x) }); got > 100*uint64(len(p))+1<<20 {
				t.Fatalf("a payload of %d bytes made %d", len(p), got)
			}
		}
	})
}

// payloads are the raw values in a message.
func payloads(m appender) []Payload {
	var all []Payload
	switch m := m.(type) {
	case Initialize:
		all = []Payload{m.Config}
	case Initialized:
		if m.Error != nil {
			all = []Payload{m.Error.Data}
		}
	case Input:
		m.Meta.Timeout()
		ParseError(m.Payload)
		all = []Payload{m.Payload, Payload(m.Meta)}
	case Output:
		all = []Payload{m.Payload, ParseError(m.Payload).Data, Payload(m.Meta)}
	case Log:
		all = []Payload{m.Fields}
	}
	var some []Payload
	for _, p := range all {
		if len(p) > 0 {
			some = append(some, p)
		}
	}
	return some
}

// FuzzReader: a stream gives the same frames and the same end, in whatever pieces it comes.
func FuzzReader(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream, pieces []byte, limit uint32) {
		frames := func(src io.Reader) (all [][]byte, err error) {
			r := NewReader(src)
			r.SetLimit(int(limit % (1 << 20)))
			for {
				body, kept, err := r.Next()
				if err != nil {
					return all, err
				}
				if !kept {
					body = bytes.Clone(body)
				}
				all = append(all, body)
			}
		}
		whole, end := frames(bytes.NewReader(stream))
		parts, partsEnd := frames(&torn{stream, pieces, 0})
		if kind(end) != kind(partsEnd) || len(whole) != len(parts) {
			t.Fatalf("%d frames and %v at once, %d and %v in pieces", len(whole), end, len(parts), partsEnd)
		}
		at := 0
		for i := range whole {
			want := frame(whole[i])
			if !bytes.Equal(whole[i], parts[i]) || !bytes.HasPrefix(stream[at:], want) {
				t.Fatalf("frame %d is % x at once, % x in pieces", i, whole[i], parts[i])
			}
			at += len(want)
		}
		if (end == io.EOF) != (at == len(stream)) {
			t.Fatalf("%v after %d of %d bytes", end, at, len(stream))
		}
	})
}

// torn is a stream in pieces of given sizes.
type torn struct {
	rest   []byte
	pieces []byte
	i      int
}

func (r *torn) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := len(r.rest)
	if len(r.pieces) > 0 {
		n = 1 + int(r.pieces[r.i%len(r.pieces)])
		r.i++
	}
	n = copy(b, r.rest[:min(n, len(r.rest))])
	r.rest = r.rest[n:]
	return n, nil
}

// FuzzCheck holds the check against the library: what it accepts the library finds to be as
// long, what it finds cut or never used so does the library.
func FuzzCheck(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		end, err := scan(b, 0, MaxDepth-1)
		src := bytes.NewReader(b)
		skipErr := msgpack.NewDecoder(src).Skip()
		switch rule := ruleOf(err); {
		case err == nil && skipErr != nil:
			t.Fatalf("accepted, but the library says: %v", skipErr)
		case err == nil && end != len(b)-src.Len():
			t.Fatalf("ends at %d, but for the library at %d", end, len(b)-src.Len())
		case (rule == RuleBodyCut || rule == RuleBodyByte) && skipErr == nil && strconv.IntSize > 32:
			// Where an int has 32 bits the library takes large lengths for negative ones.
			t.Fatalf("%v, but the library passes over it", err)
		case err != nil && rule != RuleBodyCut && rule != RuleBodyByte && rule != RuleBodyDepth:
			t.Fatalf("an unexpected violation: %v", err)
		}
		if (Check(b) == nil) != (err == nil && end == len(b)) {
			t.Fatalf("Check says %v, scan %d, %v", Check(b), end, err)
		}
	})
}

// FuzzPayloadRoundTrip: a value that decodes encodes to the same value, and no value does
// harm in any kind of variable.
func FuzzPayloadRoundTrip(f *testing.F) {
	limitStack(f)
	type tree map[string]tree
	type node struct {
		S    string `json:"a"`
		N    int    `json:"b"`
		B    []byte `json:"c"`
		Next *node  `json:"d"`
		All  []node
		Any  any
		Map  map[string]string
		Tree tree
		Time time.Time
		Raw  msgpack.RawMessage
		Own  Payload
		Four [4]byte
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if Check(p) != nil {
			return
		}
		for _, into := range []any{
			new(node), new([]node), new(map[string]any), new(map[string]string), new(tree), new([]tree), new([]string),
			new(map[int]node), new([]any), new([]Payload), new(map[string]Payload), new(string), new([]byte), new(int8), new(uint64), new(float32), new(float64),
			new(bool), new(time.Time), new(time.Duration), new(msgpack.RawMessage), new([2]uint16), new(*node),
		} {
			if got := allocated(func() { _ = decode(p, into) }); got > 1000*uint64(len(p))+1<<20 {
				t.Fatalf("a %T takes %d bytes for %d", into, got, len(p))
			}
		}
		var v any
		if decode(p, &v) != nil {
			return
		}
		again, err := Encode(v)
		if err != nil {
			t.Fatalf("%#v: %v", v, err)
		}
		var w any
		if err := decode(again, &w); err != nil {
			t.Fatalf("%#v is encoded as % x: %v", v, again, err)
		}
		if s, ok := v.(string); ok && !utf8.ValidString(s) {
			v = toValidUTF8(s)
		}
		// Printed, since NaN is like no other NaN; keys that are NaN have no order.
		a, b := fmt.Sprintf("%#v", v), fmt.Sprintf("%#v", w)
		if a != b && !strings.Contains(a, "NaN:") {
			t.Fatalf("%s\nis encoded as % x\nand that is %s", a, again, b)
		}
	})
}

// kind is what an error says without what it quotes of the stream, of which more or less may
// have arrived.
func kind(err error) string {
	text, _, _ := strings.Cut(fmt.Sprint(err), "; the bytes are")
	return text
}
