package wire

import (
	"bytes"
	"math"
	"time"
	"unicode/utf8"
)

// Input opens an exchange, or carries more of it towards the side that answers.
type Input struct {
	ID    uint64
	Flags Flags
	// Method is what is called, in an Input that opens an exchange; nil in one that
	// carries on. "" is a method of its own: an empty slice that is not nil.
	Method  []byte
	Meta    Meta
	Payload Payload
}

// Output carries an answer.
type Output struct {
	ID      uint64
	Flags   Flags
	Meta    Meta
	Payload Payload
}

// Cancel says that the opener of an exchange has given up.
type Cancel struct {
	ID     uint64
	Reason string
}

// Credit allows the other side to send that many more bytes of an exchange.
type Credit struct {
	ID    uint64
	Bytes int64 // 1 to MaxCredit
}

// How many elements the array of an Input and of an Output has, at most.
const (
	inputElements  = 6
	outputElements = 5
)

// AppendInputHead adds an opening Input up to its payload. The caller sends the payload's
// size bytes behind it.
func AppendInputHead(dst []byte, id uint64, flags Flags, method string, meta Meta, size int) []byte {
	from := len(dst)
	dst = appendUint(appendUint(begin(dst, inputElements, TypeInput), id), uint64(flags))
	return finish(appendRaw(appendStr(dst, method), meta), from, size)
}

// AppendMoreHead adds a continuing Input up to its payload. The caller sends the payload's
// size bytes behind it.
func AppendMoreHead(dst []byte, id uint64, flags Flags, size int) []byte {
	from := len(dst)
	dst = appendUint(appendUint(begin(dst, inputElements, TypeInput), id), uint64(flags))
	return finish(append(dst, mpNil, mpNil), from, size)
}

// AppendOutputHead adds an Output up to its payload. The caller sends the payload's size
// bytes behind it.
func AppendOutputHead(dst []byte, id uint64, flags Flags, meta Meta, size int) []byte {
	from := len(dst)
	dst = appendUint(appendUint(begin(dst, outputElements, TypeOutput), id), uint64(flags))
	return finish(appendRaw(dst, meta), from, size)
}

// Append adds the message as a frame.
func (m Input) Append(dst []byte) []byte {
	from := len(dst)
	dst = appendUint(appendUint(begin(dst, inputElements, TypeInput), m.ID), uint64(m.Flags))
	switch {
	case m.Method == nil:
		dst = append(dst, mpNil)
	case utf8.Valid(m.Method):
		dst = append(appendStrHead(dst, len(m.Method)), m.Method...)
	default:
		dst = appendStr(dst, string(m.Method))
	}
	return finish(appendRaw(appendRaw(dst, m.Meta), m.Payload), from, 0)
}

// Append adds the message as a frame.
func (m Output) Append(dst []byte) []byte {
	from := len(dst)
	dst = appendUint(appendUint(begin(dst, outputElements, TypeOutput), m.ID), uint64(m.Flags))
	return finish(appendRaw(appendRaw(dst, m.Meta), m.Payload), from, 0)
}

// Append adds the message as a frame.
func (m Cancel) Append(dst []byte) []byte {
	from := len(dst)
	return finish(appendStr(appendUint(begin(dst, 3, TypeCancel), m.ID), m.Reason), from, 0)
}

// Append adds the message as a frame.
func (m Credit) Append(dst []byte) []byte {
	from := len(dst)
	return finish(appendInt(appendUint(begin(dst, 3, TypeCredit), m.ID), m.Bytes), from, 0)
}

// Input reads the message as an Input.
func (m Message) Input() (in Input, err error) {
	c := m.elements()
	if in.ID, err = m.id(&c); err != nil {
		return in, err
	}
	if in.Flags, err = c.flags(); err != nil {
		return in, err
	}
	if in.Method, err = c.strBytes("the method"); err != nil {
		return in, err
	}
	if !utf8.Valid(in.Method) {
		in.Method = bytes.ToValidUTF8(in.Method, []byte("\uFFFD"))
	}
	if in.Meta, in.Payload, err = m.content(&c, inputElements); err != nil {
		return in, err
	}
	return in, nil
}

// Output reads the message as an Output.
func (m Message) Output() (out Output, err error) {
	c := m.elements()
	if out.ID, err = m.id(&c); err != nil {
		return out, err
	}
	if out.Flags, err = c.flags(); err != nil {
		return out, err
	}
	if out.Meta, out.Payload, err = m.content(&c, outputElements); err != nil {
		return out, err
	}
	return out, nil
}

// Cancel reads the message as a Cancel.
func (m Message) Cancel() (v Cancel, err error) {
	c := m.elements()
	if v.ID, err = m.id(&c); err != nil {
		return v, err
	}
	v.Reason, err = c.str("the reason")
	return v, err
}

// Credit reads the message as a Credit.
func (m Message) Credit() (v Credit, err error) {
	c := m.elements()
	if v.ID, err = m.id(&c); err != nil {
		return v, err
	}
	from := c.at
	if v.Bytes, err = c.intOrNil("the credit"); err != nil {
		return v, err
	}
	if v.Bytes < 1 || v.Bytes > MaxCredit {
		return v, violation(RuleElement, from, "a credit of %d bytes", v.Bytes)
	}
	return v, nil
}

// id reads the id of an exchange.
func (m Message) id(c *cursor) (uint64, error) {
	from := c.at
	id, err := c.intOrNil("the id")
	if err != nil {
		return 0, err
	}
	if id < 1 || id > MaxID {
		return 0, violation(RuleID, min(from, len(m.body)-1), "%s has the id %d", m.Type, id)
	}
	return uint64(id), nil
}

// content reads what Input and Output end with. The payload is the last of n elements, if
// there are so many.
func (m Message) content(c *cursor, n int) (meta Meta, p Payload, err error) {
	if meta, err = c.meta(); err != nil {
		return nil, nil, err
	}
	if header(m.body, 0).items > n {
		c.raw()
		return nil, nil, violation(RuleElement, c.at, "%s ends with its payload, but has more elements", m.Type)
	}
	if c.more() {
		p = Payload(c.b[c.at:len(c.b):len(c.b)])
	}
	return meta, p, nil
}

// flags takes flags. What is known of them is in the lowest byte; a number that not every
// language has all bits of is none.
func (c *cursor) flags() (Flags, error) {
	from := c.at
	v, err := c.intOrNil("the flags")
	if err == nil && (v < 0 || v > MaxID) {
		return 0, violation(RuleElement, from, "the flags are %d", v)
	}
	return Flags(v) & (FlagEnd | FlagError | FlagEmpty), err
}

// Meta is what goes with an Input or an Output besides its payload: a msgpack map with
// string keys, as it is on the wire, or nil. Keys without a dot are the protocol's.
type Meta []byte

// KeyTimeout is the key in the meta of an opening Input for the time that the exchange has
// left, in milliseconds.
const KeyTimeout = "timeout_ms"

// AppendTimeout adds a meta that says how much time an exchange has left; what is less than
// a millisecond counts as one.
func AppendTimeout(dst []byte, left time.Duration) Meta {
	dst = appendStr(appendMapLen(dst, 1), KeyTimeout)
	ms := left.Milliseconds()
	if left > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return Meta(appendInt(dst, ms))
}

// meta takes a map with string keys and a well-formed timeout, or nil.
func (c *cursor) meta() (Meta, error) {
	if !c.more() || c.null() {
		return nil, nil
	}
	from := c.at
	f := c.fields("meta")
	for key, ok := c.next(&f); ok; key, ok = c.next(&f) {
		if string(key) == KeyTimeout {
			_, f.err = c.intOrNil(KeyTimeout)
		}
	}
	if f.err != nil {
		return nil, f.err
	}
	return Meta(c.b[from:c.at:c.at]), nil
}

// Lookup returns the value of a key, and whether there is one. If a key stands there twice,
// the last one counts.
func (m Meta) Lookup(key string) (value Payload, ok bool) {
	c := cursor{b: m}
	if len(m) == 0 || Check(Payload(m)) != nil || !c.isMap() {
		return nil, false
	}
	// A key that is no string ends the search; none arrives in a message.
	f := c.fields("meta")
	for k, more := c.next(&f); more; k, more = c.next(&f) {
		if string(k) == key {
			value, ok = c.raw(), true
		}
	}
	return value, ok
}

// Timeout returns the time that the exchange had left when the Input was sent, and whether
// the meta says so. At 0 it has run out already.
func (m Meta) Timeout() (time.Duration, bool) {
	p, ok := m.Lookup(KeyTimeout)
	if !ok || p.IsNil() {
		return 0, false
	}
	c := cursor{b: p}
	ms, err := c.int(KeyTimeout)
	if err != nil {
		return 0, false
	}
	ms = min(max(ms, 0), math.MaxInt64/int64(time.Millisecond))
	return time.Duration(ms) * time.Millisecond, true
}
