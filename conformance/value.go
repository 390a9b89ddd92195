package conformance

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// kind is the type of a msgpack value.
type kind int

const (
	isNil kind = iota
	isBool
	isInt
	isFloat
	isStr
	isBin
	isArray
	isMap
	isExt
)

// value is a msgpack value of which nothing is lost but widths.
type value struct {
	kind  kind
	truth bool
	neg   bool    // of an int: it is below 0, and n is its two's complement
	n     uint64  // of an int
	f     float64 // of a float
	b     []byte  // of a str, a bin, an ext
	ext   int8    // the type of an ext
	items []value // of an array; of a map keys and values in turn
}

// read takes the value at the start of b, which has passed the checks of wire, and returns
// what is behind it.
func read(b []byte) (v value, rest []byte) {
	c := b[0]
	switch {
	case c < 0x80:
		return value{kind: isInt, n: uint64(c)}, b[1:]
	case c >= 0xe0:
		return signed(int64(int8(c))), b[1:]
	case c < 0x90:
		return readItems(isMap, 2*int(c&0x0f), b[1:])
	case c < 0xa0:
		return readItems(isArray, int(c&0x0f), b[1:])
	case c < 0xc0:
		return readBytes(isStr, int(c&0x1f), b[1:])
	}
	big := binary.BigEndian
	switch c {
	case 0xc2, 0xc3:
		return value{kind: isBool, truth: c == 0xc3}, b[1:]
	case 0xc4, 0xd9:
		return readBytes(strOrBin(c), int(b[1]), b[2:])
	case 0xc5, 0xda:
		return readBytes(strOrBin(c), int(big.Uint16(b[1:])), b[3:])
	case 0xc6, 0xdb:
		return readBytes(strOrBin(c), int(big.Uint32(b[1:])), b[5:])
	case 0xc7:
		return readExt(int(b[1]), b[2:])
	case 0xc8:
		return readExt(int(big.Uint16(b[1:])), b[3:])
	case 0xc9:
		return readExt(int(big.Uint32(b[1:])), b[5:])
	case 0xca:
		return value{kind: isFloat, f: float64(math.Float32frombits(big.Uint32(b[1:])))}, b[5:]
	case 0xcb:
		return value{kind: isFloat, f: math.Float64frombits(big.Uint64(b[1:]))}, b[9:]
	case 0xcc:
		return value{kind: isInt, n: uint64(b[1])}, b[2:]
	case 0xcd:
		return value{kind: isInt, n: uint64(big.Uint16(b[1:]))}, b[3:]
	case 0xce:
		return value{kind: isInt, n: uint64(big.Uint32(b[1:]))}, b[5:]
	case 0xcf:
		return value{kind: isInt, n: big.Uint64(b[1:])}, b[9:]
	case 0xd0:
		return signed(int64(int8(b[1]))), b[2:]
	case 0xd1:
		return signed(int64(int16(big.Uint16(b[1:])))), b[3:]
	case 0xd2:
		return signed(int64(int32(big.Uint32(b[1:])))), b[5:]
	case 0xd3:
		return signed(int64(big.Uint64(b[1:]))), b[9:]
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return readExt(1<<(c-0xd4), b[1:])
	case 0xdc:
		return readItems(isArray, int(big.Uint16(b[1:])), b[3:])
	case 0xdd:
		return readItems(isArray, int(big.Uint32(b[1:])), b[5:])
	case 0xde:
		return readItems(isMap, 2*int(big.Uint16(b[1:])), b[3:])
	case 0xdf:
		return readItems(isMap, 2*int(big.Uint32(b[1:])), b[5:])
	}
	return value{}, b[1:]
}

func signed(n int64) value { return value{kind: isInt, neg: n < 0, n: uint64(n)} }

func strOrBin(c byte) kind {
	if c >= 0xd9 {
		return isStr
	}
	return isBin
}

func readBytes(k kind, n int, b []byte) (value, []byte) { return value{kind: k, b: b[:n]}, b[n:] }

func readExt(n int, b []byte) (value, []byte) {
	return value{kind: isExt, ext: int8(b[0]), b: b[1 : 1+n]}, b[1+n:]
}

func readItems(k kind, n int, b []byte) (value, []byte) {
	v := value{kind: k, items: make([]value, 0, n)}
	for range n {
		var item value
		item, b = read(b)
		v.items = append(v.items, item)
	}
	return v, b
}

// valueOf reads a payload, of which nil stands for the value nil.
func valueOf(p wire.Payload) value {
	if len(p) == 0 {
		return value{}
	}
	v, _ := read(p)
	return v
}

// int returns an int, or a float without a fraction, if it fits.
func (v value) int() (n int64, ok bool) {
	switch {
	case v.kind == isInt && (v.neg || v.n <= math.MaxInt64):
		return int64(v.n), true
	case v.kind == isFloat && v.f == math.Trunc(v.f) && math.Abs(v.f) < 1<<62:
		return int64(v.f), true
	}
	return 0, false
}

// get returns what a map has for a key; the last one counts.
func (v value) get(key string) (found value, ok bool) {
	for i := 0; v.kind == isMap && i < len(v.items); i += 2 {
		if k := v.items[i]; k.kind == isStr && string(k.b) == key {
			found, ok = v.items[i+1], true
		}
	}
	return found, ok
}

// same reports whether a value came back as it was sent: in any width and any order of keys,
// and with 1.0 as 1.
func (v value) same(came value) bool {
	switch {
	case v.kind == isFloat && came.kind == isInt:
		return v.f == came.float()
	case v.kind != came.kind:
		return false
	}
	switch v.kind {
	case isBool:
		return v.truth == came.truth
	case isInt:
		return v.neg == came.neg && v.n == came.n
	case isFloat:
		return v.f == came.f || math.IsNaN(v.f) && math.IsNaN(came.f)
	case isStr, isBin:
		return slices.Equal(v.b, came.b)
	case isArray:
		return slices.EqualFunc(v.items, came.items, value.same)
	case isMap:
		return v.sameMap(came)
	case isExt:
		return v.sameExt(came)
	}
	return true
}

// float returns an int as the float that is nearest.
func (v value) float() float64 {
	if v.neg {
		return float64(int64(v.n))
	}
	return float64(v.n)
}

func (v value) sameMap(came value) bool {
	if len(v.items) != len(came.items) {
		return false
	}
	taken := make([]bool, len(came.items))
	for i := 0; i < len(v.items); i += 2 {
		found := false
		for j := 0; j < len(came.items) && !found; j += 2 {
			if !taken[j] && v.items[i].same(came.items[j]) && v.items[i+1].same(came.items[j+1]) {
				taken[j], found = true, true
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// timestamp is the type of msgpack's own ext, which has three forms.
const timestamp = -1

func (v value) sameExt(came value) bool {
	if v.ext != came.ext {
		return false
	}
	if v.ext == timestamp {
		sent, ok := v.time()
		got, also := came.time()
		return ok && also && sent.Equal(got)
	}
	return slices.Equal(v.b, came.b)
}

// time reads a timestamp.
func (v value) time() (t time.Time, ok bool) {
	big := binary.BigEndian
	switch len(v.b) {
	case 4:
		return time.Unix(int64(big.Uint32(v.b)), 0), true
	case 8:
		n := big.Uint64(v.b)
		return time.Unix(int64(n&(1<<34-1)), int64(n>>34)), true
	case 12:
		return time.Unix(int64(big.Uint64(v.b[4:])), int64(big.Uint32(v.b))), true
	}
	return time.Time{}, false
}
