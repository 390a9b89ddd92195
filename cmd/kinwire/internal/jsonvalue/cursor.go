package jsonvalue

import (
	"encoding/binary"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// kind is what a msgpack item is, whatever its width.
type kind uint8

const (
	kindNil kind = iota
	kindBool
	kindInt
	kindUint
	kindFloat32
	kindFloat64
	kindStr
	kindBin
	kindExt
	kindArray
	kindMap
)

func (k kind) String() string {
	return [...]string{"nil", "bool", "int", "uint", "float32", "float64", "str", "bin", "ext", "array", "map"}[k]
}

// item is one msgpack item: a whole scalar, or the head of an array or a map.
type item struct {
	kind kind
	at   int    // offset of its first byte
	bits uint64 // the value of a bool, a number (a float's IEEE bits, an int64's two's complement), or the count of an array or a map
	data []byte // the content of a str, bin or ext; part of the input
	ext  int8   // the type of an ext
}

// cursor reads items off msgpack bytes. It believes no length: a content is part of the
// input, and a count is no larger than the bytes that are left.
//
// msgpack.Decoder is not used for reading because it allocates what headers promise
// (five bytes can end the process) and copies every content.
type cursor struct {
	b  []byte
	at int
}

// next reads an item.
func (c *cursor) next() (item, error) {
	it := item{at: c.at}
	if c.at == len(c.b) {
		return it, errorAt(c.at, "the msgpack ends where a value is due")
	}
	code := c.b[c.at]
	c.at++
	switch {
	case code <= msgpcode.PosFixedNumHigh:
		it.kind, it.bits = kindUint, uint64(code)
		return it, nil
	case code >= msgpcode.NegFixedNumLow:
		it.kind, it.bits = kindInt, uint64(int8(code))
		return it, nil
	case msgpcode.IsFixedString(code):
		return c.content(it, kindStr, uint64(code&msgpcode.FixedStrMask))
	case msgpcode.IsFixedArray(code):
		return c.container(it, kindArray, uint64(code&msgpcode.FixedArrayMask))
	case msgpcode.IsFixedMap(code):
		return c.container(it, kindMap, uint64(code&msgpcode.FixedMapMask))
	case msgpcode.IsFixedExt(code):
		return c.extension(it, 1<<(code-msgpcode.FixExt1))
	}
	switch code {
	case msgpcode.Nil:
		it.kind = kindNil
		return it, nil
	case msgpcode.False, msgpcode.True:
		it.kind, it.bits = kindBool, uint64(code-msgpcode.False)
		return it, nil
	}

	// The rest begins with a number whose width is in the code.
	var width int
	switch code {
	case msgpcode.Uint8, msgpcode.Uint16, msgpcode.Uint32, msgpcode.Uint64:
		it.kind, width = kindUint, 1<<(code-msgpcode.Uint8)
	case msgpcode.Int8, msgpcode.Int16, msgpcode.Int32, msgpcode.Int64:
		it.kind, width = kindInt, 1<<(code-msgpcode.Int8)
	case msgpcode.Float:
		it.kind, width = kindFloat32, 4
	case msgpcode.Double:
		it.kind, width = kindFloat64, 8
	case msgpcode.Str8, msgpcode.Str16, msgpcode.Str32:
		it.kind, width = kindStr, 1<<(code-msgpcode.Str8)
	case msgpcode.Bin8, msgpcode.Bin16, msgpcode.Bin32:
		it.kind, width = kindBin, 1<<(code-msgpcode.Bin8)
	case msgpcode.Ext8, msgpcode.Ext16, msgpcode.Ext32:
		it.kind, width = kindExt, 1<<(code-msgpcode.Ext8)
	case msgpcode.Array16, msgpcode.Array32:
		it.kind, width = kindArray, 2<<(code-msgpcode.Array16)
	case msgpcode.Map16, msgpcode.Map32:
		it.kind, width = kindMap, 2<<(code-msgpcode.Map16)
	default:
		return it, errorAt(it.at, "0x%02x begins no msgpack value", code)
	}
	n, err := c.number(it, width)
	if err != nil {
		return it, err
	}
	switch it.kind {
	case kindInt: // sign-extended from its width
		shift := 64 - 8*width
		it.bits = uint64(int64(n<<shift) >> shift)
		return it, nil
	case kindUint, kindFloat32, kindFloat64:
		it.bits = n
		return it, nil
	case kindExt:
		return c.extension(it, n)
	case kindStr, kindBin:
		return c.content(it, it.kind, n)
	default:
		return c.container(it, it.kind, n)
	}
}

// number reads width bytes, big-endian.
func (c *cursor) number(it item, width int) (uint64, error) {
	if width > len(c.b)-c.at {
		return 0, errorAt(it.at, "the msgpack ends inside the head of a value (%v)", it.kind)
	}
	var b [8]byte
	copy(b[8-width:], c.b[c.at:c.at+width])
	c.at += width
	return binary.BigEndian.Uint64(b[:]), nil
}

// extension reads the type and the n bytes of an ext.
func (c *cursor) extension(it item, n uint64) (item, error) {
	t, err := c.number(item{kind: kindExt, at: it.at}, 1)
	if err != nil {
		return it, err
	}
	it.ext = int8(t)
	return c.content(it, kindExt, n)
}

// content takes the n bytes of a str, bin or ext.
func (c *cursor) content(it item, k kind, n uint64) (item, error) {
	it.kind = k
	if left := len(c.b) - c.at; n > uint64(left) {
		return it, errorAt(it.at, "%v of %d bytes, but only %d are left", k, n, left)
	}
	it.data = c.b[c.at : c.at+int(n)]
	c.at += int(n)
	return it, nil
}

// container checks the count of an array or a map: every item takes a byte at least.
func (c *cursor) container(it item, k kind, n uint64) (item, error) {
	it.kind, it.bits = k, n
	items := n
	if k == kindMap {
		items = 2 * n
	}
	if left := len(c.b) - c.at; items > uint64(left) {
		return it, errorAt(it.at, "%s declares %d items, but only %d bytes are left", [...]string{"an array", "a map"}[k-kindArray], items, left)
	}
	return it, nil
}
