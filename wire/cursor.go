package wire

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"
)

// cursor reads values from bytes that scan has passed, so it checks types but neither
// lengths nor nesting.
type cursor struct {
	b  []byte
	at int
}

// more reports whether there is another value.
func (c *cursor) more() bool { return c.at < len(c.b) }

// wrong is the violation for a value of the wrong type.
func (c *cursor) wrong(name, want string) error {
	return violation(RuleElement, c.at, "%s is not %s but begins with 0x%02x", name, want, c.b[c.at])
}

// raw takes the next value as it is.
func (c *cursor) raw() Payload {
	from := c.at
	for due := 1; due > 0; due-- {
		h := header(c.b, c.at)
		c.at += h.size
		due += h.items
	}
	return Payload(c.b[from:c.at:c.at])
}

// null takes the next value if it is nil, and reports whether it was.
func (c *cursor) null() bool {
	if c.b[c.at] != mpNil {
		return false
	}
	c.at++
	return true
}

// int takes an integer of any width, or a float without a fraction. What is larger than
// an int64 saturates: nothing in the envelope reaches that far.
func (c *cursor) int(name string) (int64, error) {
	b := c.b[c.at:]
	var v int64
	switch k := b[0]; {
	case k < mpFixMap:
		v = int64(k)
	case k >= mpNegFix:
		v = int64(int8(k))
	case k == mpUint8:
		v = int64(b[1])
	case k == mpUint16:
		v = int64(binary.BigEndian.Uint16(b[1:]))
	case k == mpUint32:
		v = int64(binary.BigEndian.Uint32(b[1:]))
	case k == mpUint64:
		v = int64(min(binary.BigEndian.Uint64(b[1:]), math.MaxInt64))
	case k == mpInt8:
		v = int64(int8(b[1]))
	case k == mpInt16:
		v = int64(int16(binary.BigEndian.Uint16(b[1:])))
	case k == mpInt32:
		v = int64(int32(binary.BigEndian.Uint32(b[1:])))
	case k == mpInt64:
		v = int64(binary.BigEndian.Uint64(b[1:]))
	case k == mpFloat32, k == mpFloat64:
		var ok bool
		if v, ok = integral(b); !ok {
			return 0, c.wrong(name, "an integer")
		}
	default:
		return 0, c.wrong(name, "an integer")
	}
	c.at += leads[b[0]].size
	return v, nil
}

// integral reads a float as an integer if it has no fraction.
func integral(b []byte) (int64, bool) {
	var f float64
	if b[0] == mpFloat32 {
		f = float64(math.Float32frombits(binary.BigEndian.Uint32(b[1:])))
	} else {
		f = math.Float64frombits(binary.BigEndian.Uint64(b[1:]))
	}
	switch {
	case f != math.Trunc(f) || math.IsInf(f, 0): // also NaN
		return 0, false
	case f >= math.MaxInt64:
		return math.MaxInt64, true
	case f <= math.MinInt64:
		return math.MinInt64, true
	}
	return int64(f), true
}

// intOrNil takes an integer, or 0 for nil or for nothing at all.
func (c *cursor) intOrNil(name string) (int64, error) {
	if !c.more() || c.null() {
		return 0, nil
	}
	return c.int(name)
}

// size takes an integer from 0 to the largest int32, or 0 for nil; what is larger counts
// as that.
func (c *cursor) size(name string) (int, error) {
	from := c.at
	v, err := c.intOrNil(name)
	if err != nil {
		return 0, err
	}
	if v < 0 {
		return 0, violation(RuleElement, from, "%s is %d", name, v)
	}
	return int(min(v, math.MaxInt32)), nil
}

// strBytes takes a str as it stands, without a copy. It returns nil for nil, and an empty
// slice for an empty str.
func (c *cursor) strBytes(name string) ([]byte, error) {
	if !c.more() || c.null() {
		return nil, nil
	}
	b := c.b[c.at:]
	var n, head int
	switch k := b[0]; {
	case k >= mpFixStr && k < mpNil:
		n, head = int(k-mpFixStr), 1
	case k == mpStr8, k == mpStr16, k == mpStr32:
		n, head, _ = length(b)
	default:
		return nil, c.wrong(name, "a str")
	}
	c.at += head + n
	return b[head : head+n : head+n], nil
}

// str takes a str, or "" for nil, with invalid UTF-8 replaced.
func (c *cursor) str(name string) (string, error) {
	b, err := c.strBytes(name)
	if err != nil {
		return "", err
	}
	return validUTF8(b), nil
}

// validUTF8 returns b as a string in which U+FFFD stands for what is no UTF-8.
func validUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// isMap reports whether the next value is a map.
func (c *cursor) isMap() bool {
	k := c.b[c.at]
	return k >= mpFixMap && k < mpFixArray || k == mpMap16 || k == mpMap32
}

// isArray reports whether the next value is an array.
func (c *cursor) isArray() bool {
	k := c.b[c.at]
	return k >= mpFixArray && k < mpFixStr || k == mpArray16 || k == mpArray32
}

// items enters the array or map that comes next and returns how many values it has.
func (c *cursor) items() int {
	h := header(c.b, c.at)
	c.at += h.size
	return h.items
}

// strs takes an array of str, or nil for nil.
func (c *cursor) strs(name string) ([]string, error) {
	if c.null() {
		return nil, nil
	}
	if !c.isArray() {
		return nil, c.wrong(name, "an array")
	}
	list := []string{}
	for n := c.items(); n > 0; n-- {
		if c.b[c.at] == mpNil {
			return nil, c.wrong("an element of "+name, "a str")
		}
		s, err := c.str("an element of " + name)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// ints takes an array of integers, or nil for nil. They saturate as an int32 does.
func (c *cursor) ints(name string) ([]int, error) {
	if c.null() {
		return nil, nil
	}
	if !c.isArray() {
		return nil, c.wrong(name, "an array")
	}
	list := []int{}
	for n := c.items(); n > 0; n-- {
		v, err := c.int("an element of " + name)
		if err != nil {
			return nil, err
		}
		list = append(list, int(min(max(v, math.MinInt32), math.MaxInt32)))
	}
	return list, nil
}

// fields is a walk through a map whose keys must be str:
//
//	f := c.fields("meta")
//	for key, ok := c.next(&f); ok; key, ok = c.next(&f) {
//		switch string(key) {
//		case "timeout_ms":
//			v.Timeout, f.err = c.int("timeout_ms")
//		}
//	}
//	return f.err
//
// A value that is left where it stands is passed over. (The cursor is no field of the walk,
// since it would escape to the heap with it.)
type fields struct {
	left  int
	value int // where the value of the last key begins
	err   error
}

// fields enters the map that comes next.
func (c *cursor) fields(name string) fields {
	if !c.isMap() {
		return fields{err: c.wrong(name, "a map")}
	}
	return fields{left: c.items() / 2}
}

// next moves on to the next key of a map, with the cursor at its value. It is not ok at the
// end and at the first error.
func (c *cursor) next(f *fields) (key []byte, ok bool) {
	if f.err != nil {
		return nil, false
	}
	if f.value != 0 && c.at == f.value {
		c.raw()
	}
	if f.left == 0 {
		return nil, false
	}
	f.left--
	if c.b[c.at] == mpNil {
		f.err = c.wrong("a map key", "a str")
		return nil, false
	}
	key, f.err = c.strBytes("a map key")
	f.value = c.at
	return key, f.err == nil
}

// errorMap takes an error map.
func (c *cursor) errorMap(e *Error) error {
	f := c.fields("the error map")
	for key, ok := c.next(&f); ok; key, ok = c.next(&f) {
		switch string(key) {
		case "code":
			e.Code, f.err = c.str("code")
		case "message":
			e.Message, f.err = c.str("message")
		case "data":
			e.Data = c.raw()
		}
	}
	if e.Code == "" {
		e.Code = CodeFailed
	}
	return f.err
}
