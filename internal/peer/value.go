package peer

import (
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// value is a payload on its way out.
type value struct {
	raw   []byte // a msgpack value, or the bytes of a bin
	bin   bool   // the head of the bin is still to be written
	empty bool   // there is none: an EMPTY frame
	last  bool   // none follows: an END frame
}

// null is the payload of a frame without a value.
var null, _ = wire.Encode(nil)

// nothingMore ends a direction without a value.
var nothingMore = value{raw: null, empty: true, last: true}

// encode makes a value of v without copying what is bytes already.
func encode(v any) (value, error) {
	if b, ok := v.([]byte); ok {
		return value{raw: b, bin: true}, nil
	}
	if p, ok := v.(wire.Payload); ok {
		return encodePayload(p)
	}
	if v == any(exchange.None) {
		return value{raw: null, empty: true}, nil
	}
	if l, ok := v.(exchange.Last); ok {
		out, err := encode(l.Value)
		out.last = true
		return out, err
	}
	p, err := wire.Encode(v)
	return value{raw: p}, err
}

func encodePayload(v wire.Payload) (value, error) {
	p, err := wire.Encode(v)
	return value{raw: p}, err
}

// flags are those of a frame with the value.
func (v value) flags() (f wire.Flags) {
	if v.empty {
		f |= wire.FlagEmpty
	}
	if v.last {
		f |= wire.FlagEnd
	}
	return f
}

// size is how many bytes the payload takes in a frame.
func (v value) size() int {
	var head [5]byte
	return len(v.appendHead(head[:0])) + len(v.raw)
}

// appendHead adds what goes before raw.
func (v value) appendHead(dst []byte) []byte {
	if v.bin {
		return wire.AppendBinHead(dst, len(v.raw))
	}
	return dst
}
