package wire

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
)

// Payload is one msgpack value, as it is on the wire. A nil Payload stands for the value
// nil. It shares memory with the body it came in, and is valid for as long as that is.
type Payload []byte

// IsNil reports whether the value is nil.
func (p Payload) IsNil() bool { return len(p) == 0 || len(p) == 1 && p[0] == mpNil }

// Bin returns the bytes of a bin, which share memory with p, and whether p is one.
func (p Payload) Bin() ([]byte, bool) {
	if len(p) == 0 || p[0] < mpBin8 || p[0] > mpBin32 {
		return nil, false
	}
	return p.bytes()
}

// bytes returns what is in a bin or a str, and whether p is one of them.
func (p Payload) bytes() ([]byte, bool) {
	if len(p) == 0 {
		return nil, false
	}
	var n, head int
	ok := true
	switch k := p[0]; {
	case k >= mpFixStr && k < mpNil:
		n, head = int(k-mpFixStr), 1
	case k >= mpBin8 && k <= mpBin32, k >= mpStr8 && k <= mpStr32:
		n, head, ok = length(p)
	default:
		return nil, false
	}
	if !ok || len(p)-head != n {
		return nil, false
	}
	return p[head:], true
}

// Decode stores the value in what v points to, as msgpack.Unmarshal would: struct fields go
// by their msgpack tag, or their json tag, or their name. Into a *Payload it stores p
// itself, and into a *[]byte the bytes of a bin or a str, both without a copy: they share
// memory with p. Into an any, integers become int64, or uint64 if that is too small, floats
// float64 or float32 as they were sent, bin []byte, and maps map[string]any, or map[any]any
// if a key is no string. What an any held before is replaced, unless it is a pointer: then
// its target is decoded into. A custom decoder or a msgpack.RawMessage sees integers in
// their 64-bit form.
//
// An integer that its variable can't hold is an error, at any depth, unlike in the library.
// Only what custom decoders make of integers, and what pointers in an any within v point to,
// is not looked at. Errors name the place and what is there, as in "jobs[3].n: 300 does not
// fit an int8".
//
// The value is checked first, so bytes from a peer that nobody trusts can make it fail, but
// not exhaust the stack; and they take memory in proportion to their length alone: one
// element of v's largest slice for a byte, at most. A v of nil discards the value.
func (p Payload) Decode(v any) (err error) {
	// The library hands keys to Go's maps as they come, and a map[any]any in the caller's
	// type panics at a key that can't be hashed.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("msgpack: decoding into %T: %v", v, r)
		}
	}()
	switch v := v.(type) {
	case nil:
		return nil
	case *Payload:
		*v = p
		return nil
	case *[]byte:
		// The library would write into the memory that *v has, which can be another body.
		*v = nil
		if b, ok := p.bytes(); ok {
			*v = b
			return nil
		}
	case *any:
		// The library fails if something is there already, but goes on into a pointer.
		if reflect.ValueOf(*v).Kind() != reflect.Pointer {
			*v = nil
		}
	}
	if len(p) == 0 {
		p = Payload{mpNil}
	}
	if err := Check(p); err != nil {
		return err
	}
	return decode(p, v)
}

// scalar decodes what is a value of its own most often, without the library.
func scalar(p Payload, v any) bool {
	switch v := v.(type) {
	case *string:
		if b, ok := p.bytes(); ok && v != nil {
			*v = string(b)
			return true
		}
	case *int:
		if n, large, ok := p.integer(); ok && !large && int64(int(n)) == n && v != nil {
			*v = int(n)
			return true
		}
	}
	return false
}

// decode decodes a checked payload.
func decode(p Payload, v any) error {
	if scalar(p, v) {
		return nil
	}
	if err := checkFit(p, v); err != nil {
		return err
	}
	d := decoders.Get().(*decoder)
	d.src.reset(p)
	d.Reset(&d.src)
	d.SetCustomStructTag("json")
	d.SetMapDecoder(decodeMap)
	if err := d.Decode(v); err != nil {
		// and leave the decoder to the collector: it may be in the midst of something
		return explain(err, p, v, d.src.from)
	}
	d.src.reset(nil)
	if len(p) <= maxPooled { // its buffer is as large as the largest str
		decoders.Put(d)
	}
	return nil
}

// maxPooled is how large a value may be whose decoder or encoder is used again: the memory
// for it would stay for ever.
const maxPooled = 1 << 20

type decoder struct {
	*msgpack.Decoder
	src source
}

var decoders = sync.Pool{New: func() any { return &decoder{Decoder: msgpack.NewDecoder(nil)} }}

// decodeMap decodes a map into a map[string]any, or into a map[any]any from the first key
// that is no string.
func decodeMap(d *msgpack.Decoder) (any, error) {
	n, err := d.DecodeMapLen()
	if err != nil || n < 0 {
		return nil, err
	}
	named := make(map[string]any, min(n, 1<<10)) // keys can be the same
	var mixed map[any]any
	for range n {
		key, err := d.DecodeInterface()
		if err != nil {
			return nil, err
		}
		value, err := d.DecodeInterface()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if ok && mixed == nil {
			named[name] = value
			continue
		}
		if key != nil && !reflect.TypeOf(key).Comparable() {
			return nil, fmt.Errorf("msgpack: a map key of type %T", key)
		}
		if mixed == nil {
			mixed = make(map[any]any, len(named)+1)
			for k, v := range named {
				mixed[k] = v
			}
		}
		mixed[key] = value
	}
	if mixed != nil {
		return mixed, nil
	}
	return named, nil
}

// Encode makes a payload of a Go value, as msgpack.Marshal would, with the tags that
// [Payload.Decode] goes by and integers in their shortest form. A Payload is returned as it
// is, once it has been checked. A []byte is a bin even if it is nil, and what is no UTF-8 in
// a string is replaced; inside of other values both are as msgpack.Marshal has them.
func Encode(v any) (Payload, error) {
	switch v := v.(type) {
	case Payload:
		if len(v) == 0 {
			return Payload{mpNil}, nil
		}
		if err := checkRaw(v); err != nil {
			return nil, err
		}
		return v, nil
	case []byte:
		return append(AppendBinHead(make([]byte, 0, len(v)+5), len(v)), v...), nil
	case string:
		return appendStr(make([]byte, 0, len(v)+5), v), nil
	case nil, int:
		return AppendValue(nil, v)
	}
	e := encoders.Get().(*encoder)
	b, err := e.appendValue(e.scratch[:0], v)
	if err != nil {
		return nil, err
	}
	p := Payload(bytes.Clone(b))
	if cap(b) <= maxPooled {
		e.scratch = b
		encoders.Put(e)
	}
	return p, nil
}

// AppendValue adds the payload that [Encode] makes of v to dst. At an error it returns dst as
// it was; the memory behind it may have been written to.
func AppendValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, mpNil), nil
	case Payload:
		if err := checkRaw(v); err != nil {
			return dst, err
		}
		return appendRaw(dst, v), nil
	case []byte:
		return append(AppendBinHead(dst, len(v)), v...), nil
	case string:
		return appendStr(dst, v), nil
	case int:
		return appendInt(dst, int64(v)), nil
	}
	e := encoders.Get().(*encoder)
	b, err := e.appendValue(dst, v)
	if err != nil {
		return dst, err
	}
	encoders.Put(e)
	return b, nil
}

// checkRaw checks a Payload that is to be sent.
func checkRaw(p Payload) error {
	if len(p) == 0 {
		return nil
	}
	if err := Check(p); err != nil {
		return fmt.Errorf("not a msgpack value: %w", err)
	}
	return nil
}

type encoder struct {
	*msgpack.Encoder
	dst     buffer
	scratch []byte // for Encode; nobody else's
}

var encoders = sync.Pool{New: func() any { return &encoder{Encoder: msgpack.NewEncoder(nil)} }}

// appendValue adds v to dst. After an error, or a panic of a custom encoder, e is left to the
// collector: it may be in the midst of something.
func (e *encoder) appendValue(dst []byte, v any) ([]byte, error) {
	e.dst = dst
	e.Reset(&e.dst)
	e.UseCompactInts(true)
	e.SetCustomStructTag("json")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	b := e.dst
	e.dst = nil
	// A value can be deeper than a frame allows, and custom encoders can write anything.
	if err := Check(Payload(b[len(dst):])); err != nil {
		return nil, fmt.Errorf("a %T encodes to what no frame can carry: %w", v, err)
	}
	return b, nil
}

// buffer is what the msgpack library writes to.
type buffer []byte

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// WriteByte implements io.ByteWriter.
func (b *buffer) WriteByte(c byte) error {
	*b = append(*b, c)
	return nil
}

// toValidUTF8 returns s with U+FFFD for what is no UTF-8.
func toValidUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
