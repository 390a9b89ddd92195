package wire

import (
	"encoding/binary"
	"errors"
	"io"
)

// errExt is what a decoder gets that looks for msgpack values inside an ext.
var errExt = errors.New("msgpack: the content of an ext is no msgpack value")

// source is a checked payload, as the msgpack library reads it. It stands between the two
// for two reasons:
//
//   - Integers leave it in their 64-bit form, so that the library stores an int64 or uint64
//     wherever it stores into an any. (Its own switch for that turns every bin into a
//     string.)
//   - The content of an ext can be read as a whole but not byte by byte. Where the library
//     wants a map and finds an ext it takes the content for the head of the map, and no
//     check of the payload has seen that.
type source struct {
	p      []byte
	from   int // where the item at hand begins
	at     int // what comes next in p, once wide is read
	end    int // where the item at hand ends, or the head of a container
	opaque int // p[opaque:end] is not to be read byte by byte

	wide   [9]byte // the 64-bit form of the integer at hand
	i, n   int     // wide[i:n] is still to be read
	widely bool    // the last byte came from wide
}

func (s *source) reset(p []byte) { *s = source{p: p} }

// next makes the next item the one at hand.
func (s *source) next() error {
	if s.at == len(s.p) {
		return io.EOF
	}
	b := s.p[s.at:]
	h := header(b, 0)
	s.from, s.i, s.n = s.at, 0, 0
	if s.widen(b) {
		s.n = len(s.wide)
		s.at += h.size
		s.end, s.opaque = s.at, s.at
		return nil
	}
	s.end = s.at + h.size
	s.opaque = s.end
	if n, ok := extContent(b); ok {
		s.opaque = s.end - n
		if n == 0 {
			s.opaque-- // the ext's type: a map would be looked for right behind it
		}
	}
	return nil
}

// raw takes the next value as it is, even if its first byte has been read and unread. It is
// not ok in the midst of an item.
func (s *source) raw() (p Payload, ok bool) {
	c := cursor{b: s.p, at: s.from}
	switch {
	case s.i == s.n && s.at == s.end: // the item at hand is done with
		c.at = s.at
	case s.n > 0 && s.i == 0, s.n == 0 && s.at == s.from: // none of it is read
	default:
		return nil, false
	}
	if !c.more() {
		return nil, false
	}
	p = c.raw()
	s.at, s.end, s.opaque, s.i, s.n = c.at, c.at, c.at, 0, 0
	return p, true
}

// widen writes the 64-bit form of the integer at the start of b, if it is one.
func (s *source) widen(b []byte) bool {
	switch k := b[0]; {
	case k == mpUint64 && b[1] >= 0x80:
		copy(s.wide[:], b)
	case k < mpFixMap, k >= mpNegFix, k >= mpUint8 && k <= mpInt64:
		c := cursor{b: b}
		v, _ := c.int("")
		s.wide[0] = mpInt64
		binary.BigEndian.PutUint64(s.wide[1:], uint64(v))
	default:
		return false
	}
	return true
}

// extContent returns the size of the content of the ext at the start of b, if it is one.
func extContent(b []byte) (n int, ok bool) {
	switch k := b[0]; {
	case k >= mpFixExt1 && k <= mpFixExt16:
		return 1 << (k - mpFixExt1), true
	case k >= mpExt8 && k <= mpExt32:
		n, _, _ = length(b)
		return n, true
	}
	return 0, false
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	if s.i == s.n && s.at == s.end {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	if s.widely = s.i < s.n; s.widely {
		s.i++
		return s.wide[s.i-1], nil
	}
	if s.at >= s.opaque {
		return 0, errExt
	}
	s.at++
	return s.p[s.at-1], nil
}

// UnreadByte implements io.ByteScanner. It follows a ReadByte.
func (s *source) UnreadByte() error {
	if s.widely {
		s.i--
	} else {
		s.at--
	}
	return nil
}

// Read implements io.Reader.
func (s *source) Read(b []byte) (int, error) {
	if s.i == s.n && s.at == s.end {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	if s.i < s.n {
		n := copy(b, s.wide[s.i:s.n])
		s.i += n
		return n, nil
	}
	n := copy(b, s.p[s.at:s.end])
	s.at += n
	return n, nil
}
