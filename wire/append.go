package wire

import (
	"encoding/binary"
	"math"
)

func appendArrayLen(dst []byte, n int) []byte {
	switch {
	case n < 16:
		return append(dst, mpFixArray|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, mpArray16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, mpArray32), uint32(n))
}

func appendMapLen(dst []byte, n int) []byte {
	switch {
	case n < 16:
		return append(dst, mpFixMap|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, mpMap16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, mpMap32), uint32(n))
}

func appendUint(dst []byte, v uint64) []byte {
	switch {
	case v < mpFixMap:
		return append(dst, byte(v))
	case v <= math.MaxUint8:
		return append(dst, mpUint8, byte(v))
	case v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, mpUint16), uint16(v))
	case v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, mpUint32), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, mpUint64), v)
}

func appendInt(dst []byte, v int64) []byte {
	switch {
	case v >= 0:
		return appendUint(dst, uint64(v))
	case v >= -32:
		return append(dst, byte(v))
	case v >= math.MinInt8:
		return append(dst, mpInt8, byte(v))
	case v >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(dst, mpInt16), uint16(v))
	case v >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(dst, mpInt32), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, mpInt64), uint64(v))
}

// appendStr adds a str. What is no UTF-8 in s is replaced, as the other side would.
func appendStr(dst []byte, s string) []byte {
	s = toValidUTF8(s)
	return append(appendStrHead(dst, len(s)), s...)
}

// appendStrHead adds the head of a str of n bytes.
func appendStrHead(dst []byte, n int) []byte {
	switch {
	case n < 32:
		return append(dst, mpFixStr|byte(n))
	case n <= math.MaxUint8:
		return append(dst, mpStr8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, mpStr16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, mpStr32), uint32(n))
}

// AppendBinHead adds the head of a bin whose n bytes the caller sends behind it.
func AppendBinHead(dst []byte, n int) []byte {
	switch {
	case n <= math.MaxUint8:
		return append(dst, mpBin8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, mpBin16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, mpBin32), uint32(n))
}

// appendRaw adds a value that is msgpack already, or nil if there is none.
func appendRaw(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, mpNil)
	}
	return append(dst, value...)
}

// begin adds the start of a frame: room for its length, then the body's array of n
// elements and its type. The frame began at len(dst).
func begin(dst []byte, n int, t Type) []byte {
	return appendUint(appendArrayLen(append(dst, 0, 0, 0, 0), n), uint64(t))
}

// finish writes the length of the frame that began at from, of which rest more bytes are
// to follow.
func finish(dst []byte, from, rest int) []byte {
	binary.BigEndian.PutUint32(dst[from:], uint32(len(dst)-from-HeaderSize+rest))
	return dst
}

// AppendGrease adds a frame of a type that means nothing. It is sent now and then, so that
// every worker proves that it ignores what it does not know; seq chooses the type and what
// is in it.
func AppendGrease(dst []byte, seq uint64) []byte {
	from := len(dst)
	dst = begin(dst, 3, GreaseFirst+Type(seq)%(GreaseLast-GreaseFirst+1))
	dst = appendStr(appendUint(dst, seq), "grease")
	return finish(dst, from, 0)
}
