package wire

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// The ways in which a value can be written, and what is none of its type.

// A writing is one way to write a value.
type writing struct {
	what  string
	value []byte
}

// intWritings are all ways to write an int.
func intWritings(v int64) (all []writing) {
	add := func(fits bool, what string, lead byte, size int) {
		if fits {
			value := binary.BigEndian.AppendUint64(nil, uint64(v))[8-size:]
			all = append(all, writing{what, append([]byte{lead}, value...)})
		}
	}
	if v >= -32 && v < 128 {
		all = append(all, writing{"fixint", []byte{byte(v)}})
	}
	add(v >= 0 && v <= math.MaxUint8, "uint8", mpUint8, 1)
	add(v >= 0 && v <= math.MaxUint16, "uint16", mpUint16, 2)
	add(v >= 0 && v <= math.MaxUint32, "uint32", mpUint32, 4)
	add(v >= 0, "uint64", mpUint64, 8)
	add(v >= math.MinInt8 && v <= math.MaxInt8, "int8", mpInt8, 1)
	add(v >= math.MinInt16 && v <= math.MaxInt16, "int16", mpInt16, 2)
	add(v >= math.MinInt32 && v <= math.MaxInt32, "int32", mpInt32, 4)
	add(true, "int64", mpInt64, 8)
	if f := float32(v); int64(f) == v {
		all = append(all, writing{"float32", binary.BigEndian.AppendUint32([]byte{mpFloat32}, math.Float32bits(f))})
	}
	if f := float64(v); int64(f) == v {
		all = append(all, writing{"float64", float(f)})
	}
	return all
}

func float(f float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{mpFloat64}, math.Float64bits(f))
}

// wrong are values that are not of the type.
func wrong(kind string) (all []writing) {
	all = []writing{
		{"fraction", float(1.5)}, {"nan", float(math.NaN())},
		{"infinity", float(math.Inf(1))}, {"infinity-float32", []byte{mpFloat32, 0x7f, 0x80, 0, 0}},
		{"int", []byte{5}}, {"bool", []byte{mpTrue}}, {"str", []byte{0xa1, '5'}}, {"bin", []byte{mpBin8, 1, '5'}},
		{"array", []byte{0x91, 5}}, {"map", []byte{0x81, 0xa1, 'k', 5}}, {"ext", []byte{mpFixExt1, 5, 5}},
	}
	return slices.DeleteFunc(all, func(w writing) bool {
		return w.what == kind || kind != "int" && strings.Contains("nan infinity infinity-float32", w.what)
	})
}

// strWritings are all ways to write a str of less than 32 bytes.
func strWritings(s string) []writing {
	n := byte(len(s))
	return []writing{
		{"fixstr", append([]byte{0xa0 | n}, s...)}, {"str8", append([]byte{mpStr8, n}, s...)},
		{"str16", append([]byte{mpStr16, 0, n}, s...)}, {"str32", append([]byte{mpStr32, 0, 0, 0, n}, s...)},
	}
}
