package wire

import (
	"encoding/binary"
	"math"
)

// msgpack's leading bytes that this package names. The ranges of the fix types begin at
// those named fix.
const (
	mpFixMap   = 0x80
	mpFixArray = 0x90
	mpFixStr   = 0xa0
	mpNil      = 0xc0
	mpNever    = 0xc1
	mpFalse    = 0xc2
	mpTrue     = 0xc3
	mpBin8     = 0xc4
	mpBin16    = 0xc5
	mpBin32    = 0xc6
	mpExt8     = 0xc7
	mpExt16    = 0xc8
	mpExt32    = 0xc9
	mpFloat32  = 0xca
	mpFloat64  = 0xcb
	mpUint8    = 0xcc
	mpUint16   = 0xcd
	mpUint32   = 0xce
	mpUint64   = 0xcf
	mpInt8     = 0xd0
	mpInt16    = 0xd1
	mpInt32    = 0xd2
	mpInt64    = 0xd3
	mpFixExt1  = 0xd4
	mpFixExt16 = 0xd8
	mpStr8     = 0xd9
	mpStr16    = 0xda
	mpStr32    = 0xdb
	mpArray16  = 0xdc
	mpArray32  = 0xdd
	mpMap16    = 0xde
	mpMap32    = 0xdf
	mpNegFix   = 0xe0
)

// Check reports whether p is exactly one msgpack value that can be decoded without harm:
// whole, with nothing behind it, nested no deeper than a payload may be, and declaring no
// more items than its bytes can hold. The offset of the violation that it returns counts
// from p's first byte, plus the 4 of a frame's length.
func Check(p Payload) error {
	// The body's array around a payload is a level of its own.
	end, err := scan(p, 0, MaxDepth-1)
	if err != nil {
		return err
	}
	if end != len(p) {
		return violation(RuleBodyRest, end, "%d bytes behind the value", len(p)-end)
	}
	return nil
}

// scan passes over the one value at b[at:], with at most depth levels of arrays and maps,
// and returns where it ends. It neither recurses nor allocates, so that no input can
// exhaust the stack or the memory; everything behind it may trust lengths and counts.
//
// The invariant: owed, the items declared and not yet seen over all open levels, never
// exceeds the bytes that are left, since every item takes one byte at least.
func scan(b []byte, at, depth int) (end int, err error) {
	var outer [MaxDepth]int // items still to come at each level around the one at hand
	level := 0
	due, owed := 1, 1 // due are those at the level at hand
	for {
		if owed > len(b)-at {
			return 0, violation(RuleBodyCut, at, "%d more items are due, but only %d bytes are left", owed, len(b)-at)
		}
		due--
		owed--
		h := header(b, at)
		if h.size < 0 {
			return 0, violation(RuleBodyCut, at, "the body ends inside a value")
		}
		if h.size == 0 {
			return 0, violation(RuleBodyByte, at, "0xc1 is never used in msgpack")
		}
		if h.size > len(b)-at {
			return 0, violation(RuleBodyCut, at, "a value of %d bytes, but only %d are left", h.size, len(b)-at)
		}
		if h.container {
			if level == depth {
				return 0, violation(RuleBodyDepth, at, "more than %d levels", depth)
			}
			if h.items > len(b)-at {
				return 0, violation(RuleBodyCut, at, "%d items declared, but only %d bytes are left", h.items, len(b)-at)
			}
			outer[level] = due
			level++
			due = h.items
			owed += h.items
		}
		at += h.size
		for due == 0 {
			if level == 0 {
				return at, nil
			}
			level--
			due = outer[level]
		}
	}
}

// item is what the leading bytes of a value say of it.
type item struct {
	// size is how many bytes there are up to the next item: the whole of a scalar, the head
	// of a container. It is 0 for 0xc1, and negative for a value whose length is cut.
	size      int
	items     int   // values in a container
	container bool  // an array or a map
	width     uint8 // bytes of the length behind the leading byte
}

// header reads the leading bytes of the value at b[at:], which is not empty. A scalar's
// content may be cut.
func header(b []byte, at int) item {
	if h := leads[b[at]]; h.width == 0 {
		return h
	}
	return counted(b, at)
}

// counted is header for a value whose length follows its leading byte.
func counted(b []byte, at int) item {
	h := leads[b[at]]
	n, _, ok := length(b[at:])
	switch {
	case !ok:
		h.size = -1
	case h.container:
		h.items *= n
	default:
		h.size += n
	}
	return h
}

// length reads the length that follows the leading byte of a value which has one.
func length(b []byte) (n, head int, ok bool) {
	switch leads[b[0]].width {
	case 1:
		if len(b) < 2 {
			return 0, 0, false
		}
		return int(b[1]), 2, true
	case 2:
		if len(b) < 3 {
			return 0, 0, false
		}
		return int(binary.BigEndian.Uint16(b[1:])), 3, true
	default:
		if len(b) < 5 {
			return 0, 0, false
		}
		// Where int has 32 bits a length may not fit; nothing that long would either.
		return int(min(uint64(binary.BigEndian.Uint32(b[1:])), math.MaxInt/4)), 5, true
	}
}

// leads is what every leading byte says of a value. Of one whose length follows, size has
// not what the length counts, and items is how many there are for each that it counts.
var leads = func() (all [256]item) {
	for c := range all {
		all[c] = leadOf(byte(c))
	}
	return all
}()

func leadOf(c byte) item {
	switch {
	case c < mpFixMap || c >= mpNegFix || c == mpNil || c == mpFalse || c == mpTrue:
		return item{size: 1}
	case c < mpFixArray:
		return item{size: 1, items: 2 * int(c-mpFixMap), container: true}
	case c < mpFixStr:
		return item{size: 1, items: int(c - mpFixArray), container: true}
	case c < mpNil:
		return item{size: 1 + int(c-mpFixStr)}
	case c >= mpFixExt1 && c <= mpFixExt16:
		return item{size: 2 + 1<<(c-mpFixExt1)}
	}
	switch c {
	case mpUint8, mpInt8:
		return item{size: 2}
	case mpUint16, mpInt16:
		return item{size: 3}
	case mpUint32, mpInt32, mpFloat32:
		return item{size: 5}
	case mpUint64, mpInt64, mpFloat64:
		return item{size: 9}
	case mpBin8, mpStr8:
		return item{size: 2, width: 1}
	case mpBin16, mpStr16:
		return item{size: 3, width: 2}
	case mpBin32, mpStr32:
		return item{size: 5, width: 4}
	case mpExt8:
		return item{size: 3, width: 1}
	case mpExt16:
		return item{size: 4, width: 2}
	case mpExt32:
		return item{size: 6, width: 4}
	case mpArray16:
		return item{size: 3, width: 2, items: 1, container: true}
	case mpArray32:
		return item{size: 5, width: 4, items: 1, container: true}
	case mpMap16:
		return item{size: 3, width: 2, items: 2, container: true}
	case mpMap32:
		return item{size: 5, width: 4, items: 2, container: true}
	}
	return item{} // mpNever
}
