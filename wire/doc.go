// Package wire says what a message is: bytes to values and back, nothing else.
//
// [SPEC.md] beside this file is the protocol; this package follows it section by
// section, and a test holds the two together.
//
// # Frames
//
// A frame is a length (four bytes, big-endian) and a body of that length. A [Reader]
// takes frames off a stream without allocating what a length merely promises:
//
//	r := wire.NewReader(conn)
//	body, kept, err := r.Next()
//
// # Bodies
//
// A body is one msgpack array that begins with its [Type]. [Parse] checks all of it, in
// one pass that neither recurses nor allocates, before anything is decoded; then the
// message of that type is read from it:
//
//	m, err := wire.Parse(body)
//	switch m.Type {
//	case wire.TypeInput:
//		in, err := m.Input()
//
// What is read refers to the body: it is valid for as long as the body is.
//
// Every message has an Append method that adds it, as a whole frame, to a buffer. The
// messages of a call have append functions for their head alone besides, so that a large
// payload can follow without being copied.
//
// # Payloads
//
// A [Payload] is a raw msgpack value until somebody asks for it: [Payload.Decode] turns
// it into a Go value, [Payload.Bin] gives the bytes of a bin without a copy, and [Encode]
// makes one.
//
// # Errors
//
// A [*Violation] says which rule of the protocol bytes broke, and at which offset. An
// [*Error] is the error map: what one side answers when it can't do what was asked.
//
// Nothing here keeps state between calls except a [Reader], and nothing but a Reader is
// unsafe for concurrent use.
//
// [SPEC.md]: https://github.com/kinwire/kinwire/blob/main/wire/SPEC.md
package wire
