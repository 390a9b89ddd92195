package conformance

import (
	"fmt"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// leniency is what a worker may do with a payload other than to send it back.
type leniency int

const (
	// strict: nothing. Every language has such values.
	strict leniency = iota
	// representable: it may answer bad_input, since its language may have no such value.
	representable
	// approximate: it may also send back another value.
	approximate
)

// What goes through the default handler, in hex.
var payloadCases = in("payload", "4. Body",
	payload("nil", "nil comes back", strict, "c0"),
	payload("bool", "Booleans come back, and are no ints", strict, "c2", "c3", "92 c2 c3"),
	payload("ints", "Ints of all widths come back", strict,
		"00", "7f", "ff", "e0", "cc 80", "cc ff", "cd 01 00", "cd ff ff", "ce 00 01 00 00", "ce ff ff ff ff",
		"d0 df", "d0 80", "d1 ff 7f", "d1 80 00", "d2 ff ff 7f ff", "d2 80 00 00 00", "d1 00 05", "cf 00 00 00 00 00 00 00 05"),
	payload("safe-ints", "Ints up to 2^53-1 come back", strict,
		"cf 00 1f ff ff ff ff ff ff", "d3 ff e0 00 00 00 00 00 01", "cf 00 00 00 01 00 00 00 00", "d3 ff ff ff ff 7f ff ff ff"),
	payload("int64", "64-bit ints come back with all their digits", representable,
		"cf 00 20 00 00 00 00 00 01", "d3 7f ff ff ff ff ff ff ff", "cf 7f ff ff ff ff ff ff ff", "d3 80 00 00 00 00 00 00 00",
		"d3 80 00 00 00 00 00 00 01", "92 cf 12 34 56 78 9a bc de f1 d3 ff df ff ff ff ff ff ff"),
	payload("uint64", "Ints over 2^63-1 come back", representable,
		"cf 80 00 00 00 00 00 00 00", "cf ff ff ff ff ff ff ff ff", "81 a1 6e cf ff ff ff ff ff ff ff fe"),
	payload("float64", "Floats come back, or as ints if they have no fraction", strict,
		"cb 3f f8 00 00 00 00 00 00", "cb 3f b9 99 99 99 99 99 9a", "cb bf f0 00 00 00 00 00 00", "cb 7f ef ff ff ff ff ff ff",
		"cb 00 00 00 00 00 00 00 01", "cb 40 09 21 fb 54 44 2d 18", "cb 43 40 00 00 00 00 00 00"),
	payload("float32", "32-bit floats come back, in any width", strict, "ca 3f c0 00 00", "ca 3d cc cc cd", "ca 7f 7f ff ff", "ca 00 00 00 01"),
	payload("float-specials", "NaN, the infinities and -0.0 come back", representable,
		"cb 7f f8 00 00 00 00 00 00", "cb 7f f0 00 00 00 00 00 00", "cb ff f0 00 00 00 00 00 00", "ca 7f c0 00 00", "cb 80 00 00 00 00 00 00 00"),
	payload("str", "Strings of all lengths come back", strict,
		"a0", "a5 68 65 6c 6c 6f", "bf 31*78", "d9 20 32*79", "d9 ff 255*7a", "da 01 00 256*61", "da ff ff 65535*62", "db 00 01 00 00 65536*63",
		"aa c3 a4 e2 82 ac f0 9f 98 80 00", "a4 f4 8f bf bf", "a3 ef bb bf"),
	payload("bin", "bin comes back as bin, not as a str", strict,
		"c4 00", "c4 04 00 ff c1 80", "c4 ff 255*fe", "c5 01 00 256*c1", "c5 ff ff 65535*00", "c6 00 01 00 00 65536*91", "91 c4 02 c3 28"),
	payload("array", "Arrays come back", strict, "90", "93 01 a1 32 93 c0 c3 90", "dc 00 10 16*05", "dc ff ff 65535*c0", "dd 00 01 00 00 65536*07"),
	payload("map", "Maps with str keys come back", strict,
		"80", "82 a1 61 01 a1 62 93 01 02 03", "81 a0 81 a0 80", "de 00 10 a1 61 00 a1 62 01 a1 63 02 a1 64 03 a1 65 04 a1 66 05 a1 67 06 a1 68 07"+
			" a1 69 08 a1 6a 09 a1 6b 0a a1 6c 0b a1 6d 0c a1 6e 0d a1 6f 0e a1 70 0f",
		"83 a9 5f 5f 70 72 6f 74 6f 5f 5f 01 ab 63 6f 6e 73 74 72 75 63 74 6f 72 02 a4 6e 75 6c 6c c0"),
	payload("map-keys", "Map keys may be anything: ints, bin, nil, floats", representable,
		"82 01 a1 61 a1 31 a1 62", "81 c0 01", "81 c4 02 ff 00 05", "81 d3 ff ff ff ff ff ff ff ff 05", "81 cb 3f f8 00 00 00 00 00 00 05", "81 c3 01",
		"81 cf ff ff ff ff ff ff ff ff 01"),
	payload("container-keys", "A map key that is an array or a map does no harm", approximate, "81 91 01 05", "81 80 01", "82 92 01 02 c0 a1 78 91 80"),
	payload("ext", "ext comes back with its type", representable,
		"d4 05 00", "d5 7f 01 02", "d6 40 01 02 03 04", "d7 2a 8*ff", "d8 00 16*c1", "c7 00 05", "c7 03 05 01 02 03", "c8 01 00 63 256*01", "c9 00 01 00 00 64 65536*02"),
	payload("timestamp", "Timestamps, ext -1, come back as the same moment", representable,
		"d6 ff 65 53 f1 00", "d7 ff 1d cd 65 04 65 53 f1 00", "c7 0c ff 3b 9a c9 ff 00 00 00 03 ff ff ff ff", "c7 0c ff 00 00 00 01 ff ff ff ff ff ff ff ff"),
	&definition{
		Case: Case{Name: "reserved-ext", About: "An ext of a type below 0 that msgpack has not defined, or that is no timestamp, does no harm"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			for _, example := range []string{"d6 80 01 02 03 04", "d4 fe 00", "d4 ff 00", "c7 00 ff", "d7 ff 8*ff", "c7 0c ff 12*ff", "c7 0d ff 13*00"} {
				if !l.endures(bytesOf(example)) {
					return
				}
			}
			l.echo()
		},
	},
	payload("nested", "Nested arrays and maps come back", strict,
		"83 a1 61 93 81 a1 62 c4 01 ff 90 80 a1 63 81 a1 64 92 c2 cb 3f f8 00 00 00 00 00 00 a1 65 c0", "20*92 21*05", "92 20*81a16b 01 20*91 02"),
	payload("invalid-utf-8", "Invalid UTF-8 in a payload does no harm", approximate,
		"a1 ff", "a2 c3 28", "93 a3 e2 82 41 a2 c0 80 a3 ed a0 80", "81 a2 ff fe 01", "d9 20 32*f8"),
	payload("key-twice", "A key twice in a payload does no harm", approximate, "82 a1 61 01 a1 61 02", "83 01 01 01 02 01 03"),
)

// payload defines a case in which values go through the default handler.
func payload(name, about string, mode leniency, examples ...string) *definition {
	return &definition{
		Case: Case{Name: name, About: about},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for _, example := range examples {
				if p := bytesOf(example); len(p)+64 <= l.info.MaxFrame {
					l.echoPayload(p, mode)
				}
			}
			if mode != strict {
				l.echo()
			}
		},
	}
}

// endures holds that a worker lives with a payload that its library may refuse. One that takes
// it for a breach of the protocol is too strict, which earns a warning.
func (l *link) endures(p wire.Payload) bool {
	x := l.begin(wire.FlagEnd, "", nil, p)
	switch l.wait(l.t.bound(0), func() bool { return x.over }) {
	case timedOut:
		l.t.overdue("an END for a payload that is "+valueOf(p).String(), l.lately())
	case brokenOff:
		if e := l.awaitExit(0); e.State != process.Exited || e.Code != wire.ExitViolation {
			l.t.fail("an END for a payload that is "+valueOf(p).String(), e.String())
		}
		l.t.warn("it takes a payload that is %v for a breach of the protocol", valueOf(p))
		return false
	}
	return true
}

// echoPayload holds that a value comes back as it was sent, or what else is allowed.
func (l *link) echoPayload(p wire.Payload, mode leniency) {
	if err := wire.Check(p); err != nil {
		panic(fmt.Sprintf("% x: %v", []byte(p), err))
	}
	x := l.begin(wire.FlagEnd, "", nil, p)
	l.awaitEnd(x)
	sent := short(valueOf(p).String())
	switch {
	case mode == strict, x.err == nil && mode == representable, x.err != nil && x.err.Code != wire.CodeBadInput:
		l.awaitPayload(x, p)
	case x.err != nil:
		if mode == representable {
			l.t.warn("it answers bad_input to %s", sent)
		}
	case len(x.values) != 1:
		l.t.fail("the value "+sent+", something like it, or bad_input", x.outcome())
	}
}
