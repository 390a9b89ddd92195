package jsonvalue

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
)

// maxKeyDepth is how many map keys that are no scalars may enclose each other. As each
// becomes a string inside a string, the backslashes double from one to the next: without
// a bound, 200 bytes of msgpack could make a terabyte of JSON.
const maxKeyDepth = 2

// AppendJSON appends the JSON form of value, which is one msgpack value, to dst: compact,
// and without a line break. What is no msgpack value, has bytes behind it or is nested
// deeper than a payload may be is an error, with which dst comes back as it was. Value
// is neither changed nor kept, and must not overlap with dst's free space.
//
//   - Integers are exact.
//   - Floats are as encoding/json writes them, in the fewest digits that read back as the
//     same float of their width, so 1.0 is 1. One that would read as an integer beyond
//     64 bits has an exponent instead.
//   - NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity".
//   - A str is a string in which each byte that is not UTF-8 is U+FFFD.
//   - A bin is a string of padded standard base64.
//   - An ext is {"ext":type,"data":base64}, also if it is a timestamp (-1).
//   - A map is an object, its keys in order. The name of a key that is no string is its
//     JSON text, or what that text holds if it is a string: 1 is "1", nil is "null", [1]
//     is "[1]", a bin is its base64. Keys that are arrays, maps or ext may stand inside
//     each other twice; more is an error.
//
// ToMsgpack accepts the output, unless an ext at the deepest level adds one to it.
func AppendJSON(dst []byte, value []byte) ([]byte, error) {
	w := jsonWriter{in: cursor{b: value}}
	out, err := w.value(dst, 0)
	if err != nil {
		return dst, err
	}
	if left := len(value) - w.in.at; left > 0 {
		return dst, errorAt(w.in.at, "%d bytes behind the value", left)
	}
	return out, nil
}

// jsonWriter is the state of one AppendJSON.
type jsonWriter struct {
	in       cursor
	keyDepth int    // keys that are no scalars around the current value
	text     []byte // scratch for the text of a key
}

// value appends the next value, which has depth containers around it. The recursion ends
// at maxDepth.
func (w *jsonWriter) value(dst []byte, depth int) ([]byte, error) {
	it, err := w.in.next()
	if err != nil {
		return dst, err
	}
	switch it.kind {
	case kindArray:
		return w.array(dst, it, depth)
	case kindMap:
		return w.object(dst, it, depth)
	default:
		return appendScalar(dst, it), nil
	}
}

func (w *jsonWriter) array(dst []byte, head item, depth int) ([]byte, error) {
	if depth == maxDepth {
		return dst, depthError(head.at)
	}
	dst = append(dst, '[')
	for i := range head.bits {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = w.value(dst, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (w *jsonWriter) object(dst []byte, head item, depth int) ([]byte, error) {
	if depth == maxDepth {
		return dst, depthError(head.at)
	}
	dst = append(dst, '{')
	for i := range head.bits {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = w.key(dst, depth+1); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = w.value(dst, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// key appends the next value as the name of a member.
func (w *jsonWriter) key(dst []byte, depth int) ([]byte, error) {
	start := w.in
	it, err := w.in.next()
	if err != nil {
		return dst, err
	}
	switch it.kind {
	case kindArray, kindMap, kindExt:
	default:
		return appendScalarKey(dst, it), nil
	}
	if w.keyDepth == maxKeyDepth {
		return dst, errorAt(it.at, "a map key of kind %v inside %d others that are no scalars", it.kind, maxKeyDepth)
	}
	w.keyDepth++
	w.in = start
	from := len(dst)
	dst, err = w.value(dst, depth)
	w.keyDepth--
	if err != nil {
		return dst, err
	}
	w.text = append(w.text[:0], dst[from:]...)
	return appendString(dst[:from], w.text), nil
}

// appendScalarKey appends a scalar as the name of a member.
func appendScalarKey(dst []byte, it item) []byte {
	from := len(dst)
	dst = appendScalar(append(dst, '"'), it)
	if dst[from+1] == '"' {
		// A string already.
		return append(dst[:from], dst[from+1:]...)
	}
	return append(dst, '"')
}

// appendScalar appends an item that is no array or map.
func appendScalar(dst []byte, it item) []byte {
	switch it.kind {
	case kindNil:
		return append(dst, "null"...)
	case kindBool:
		return strconv.AppendBool(dst, it.bits != 0)
	case kindInt:
		return strconv.AppendInt(dst, int64(it.bits), 10)
	case kindUint:
		return strconv.AppendUint(dst, it.bits, 10)
	case kindFloat32:
		return appendFloat(dst, float64(math.Float32frombits(uint32(it.bits))), 32)
	case kindFloat64:
		return appendFloat(dst, math.Float64frombits(it.bits), 64)
	case kindStr:
		return appendString(dst, it.data)
	case kindBin:
		return appendBase64(dst, it.data)
	default: // kindExt
		dst = append(dst, `{"ext":`...)
		dst = strconv.AppendInt(dst, int64(it.ext), 10)
		dst = append(dst, `,"data":`...)
		return append(appendBase64(dst, it.data), '}')
	}
}

// appendFloat appends f, a float of 32 or 64 bits.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	small := math.Abs(f) < 1e-6
	if bits == 32 {
		small = math.Abs(f) < float64(float32(1e-6))
	}
	// encoding/json begins with exponents at 1e21, but ToMsgpack would refuse what lies
	// between as integers that don't fit.
	if (small && f != 0) || f >= 1<<64 || f <= -1<<63 {
		dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
		// One digit of exponent where one will do: e-09 to e-9.
		if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-2] == '0' {
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

func appendBase64(dst, data []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, '"')
}

// appendString appends s as a JSON string. encoding/json does not serve here: it writes
// no string without a detour through another buffer, and escapes U+2028 whatever it is
// told.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	from := 0 // what is before needs no more attention
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, c)
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// appendEscape appends what stands for a byte that a JSON string can't hold as it is.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if c >= utf8.RuneSelf {
		return utf8.AppendRune(dst, utf8.RuneError)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
