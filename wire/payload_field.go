package wire

import (
	"bytes"

	"github.com/vmihailenco/msgpack/v5"
)

// EncodeMsgpack makes a Payload within another value stand for the value that it is, and
// not for a bin.
func (p Payload) EncodeMsgpack(e *msgpack.Encoder) error {
	if len(p) == 0 {
		return e.EncodeNil()
	}
	if err := Check(p); err != nil {
		return err
	}
	_, err := e.Writer().Write(p)
	return err
}

// DecodeMsgpack keeps a copy of a value within another as it is.
func (p *Payload) DecodeMsgpack(d *msgpack.Decoder) error {
	if src, ok := d.Buffered().(*source); ok {
		if raw, ok := src.raw(); ok {
			*p = bytes.Clone(raw)
			return nil
		}
	}
	raw, err := d.DecodeRaw()
	*p = Payload(raw)
	return err
}
