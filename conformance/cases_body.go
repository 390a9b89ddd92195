package conformance

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/kinwire/kinwire/wire"
)

var bodyCases = in("body", "4. Body",
	&definition{
		Case: Case{Name: "wide-ints", About: "An int of the envelope may have any width, signed or not"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for _, width := range []byte{0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3} {
				id := l.nextID()
				body := slices.Concat([]byte{0x96}, wide(width, 5), wide(width, id), wide(width, 1), bytesOf("a0 c0"), encode("x"))
				l.send(frameOf(body))
				l.awaitValue(l.exchange(id), "x")
			}
		},
	},
	&definition{
		Case: Case{Name: "float-ints", About: "A float without a fraction counts as the int, where one is due"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.echoIn("96 ca 40 a0 00 00 ID ca 3f 80 00 00 a0 c0")
			l.echoIn("96 cb 40 14 00 00 00 00 00 00 ID cb 3f f0 00 00 00 00 00 00 a0 c0")
			// An id of 2^52+1, and a timeout_ms of 60000.0.
			l.send(frameOf(bytesOf("96 05 cb 43 30 00 00 00 00 00 01 01 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 cb 40 ed 4c 00 00 00 00 00 a1 78")))
			l.awaitValue(l.exchange(1<<52+1), "x")
		},
	},
	&definition{
		Case: Case{Name: "wide-heads", About: "The head of a str, an array or a map of the envelope may have any width"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for _, body := range []string{
				"dc 00 06 05 ID 01 d9 00 de 00 00",
				"dd 00 00 00 06 05 ID 01 da 00 00 df 00 00 00 00",
				"96 05 ID 01 db 00 00 00 00 de 00 01 da 00 03 61 2e 62 c0",
			} {
				l.echoIn(body)
			}
		},
	},
	&definition{
		Case: Case{Name: "missing-elements", About: "Elements that are missing at the end read as nil"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for _, body := range []string{"94 05 ID 01 a0", "95 05 ID 01 a0 c0"} {
				l.awaitPayload(l.sendBody(body), nil)
			}
			l.pingWith(frameOf(bytesOf("91 03")), 0)
			x := l.sendBody("94 05 ID 04 a0") // opens without a value
			l.awaitCredit(x)
			l.send(frameOf(slices.Concat(bytesOf("92 05"), wide(0xcf, x.id)))) // whose value is nil
			l.carryOn(x, wire.FlagEnd|wire.FlagEmpty, nil)
			l.awaitPayload(x, nil)
		},
	},
	&definition{
		Case: Case{Name: "nil-elements", About: "Elements that are nil have their default"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.sendBody("96 05 ID c0 a0 c0 a1 78")
			l.carryOn(x, wire.FlagEnd|wire.FlagEmpty, nil)
			l.awaitPayload(x, encode("x"))
			l.pingWith(frameOf(bytesOf("92 03 c0")), 0)
		},
	},
	&definition{
		Case: Case{Name: "extra-elements", About: "Elements behind the known ones are ignored, in all but Input and Output"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			seq := l.nextSeq()
			l.pingWith(frameOf(slices.Concat(bytesOf("94 03"), encode(seq), bytesOf("81 01 91 d4 05 00 a2 ff fe"))), seq)
		},
	},
	&definition{
		Case: Case{Name: "unknown-meta", Section: "8. Meta and deadlines", About: "Unknown keys of meta are ignored, whatever their values"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.echoIn("96 05 ID 01 a0 83 a1 7a 82 01 c0 c3 92 d4 05 00 c0 ac 6d 79 61 70 70 2e 74 65 6e 61 6e 74 c4 02 ff 00 ab 74 72 61 63 65 70 61 72 65 6e 74 05")
		},
	},
	&definition{
		Case: Case{Name: "key-twice", About: "Of a key that stands in a map twice the last one counts"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			timeout := " aa 74 69 6d 65 6f 75 74 5f 6d 73 "
			l.echoIn("96 05 ID 01 a0 82" + timeout + "00" + timeout + "ce 00 0f 42 40")
			l.awaitError(l.sendBody("96 05 ID 01 a0 82"+timeout+"ce 00 0f 42 40"+timeout+"00 c0"), wire.CodeDeadlineExceeded)
		},
	},
	&definition{
		Case: Case{Name: "invalid-utf-8", About: "Invalid UTF-8 in a str of the envelope is replaced, and no reason to fail a frame"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.echoIn("96 05 ID 01 a0 81 a3 ff 2e fe a2 c3 28")
			x := l.sendBody("96 05 ID 01 a2 ff fe c0 c0")
			l.awaitEnd(x)
			if l.info.Methods != nil && (x.err == nil || x.err.Code != wire.CodeUnknownMethod) {
				t.fail("the error unknown_method for a method whose name is no UTF-8", x.outcome())
			}
		},
	},
	&definition{
		Case: Case{Name: "depth", About: "A body may have 64 levels, and so a payload 63"},
		on:   standard,
		run: func(t *trial) {
			t.worker().echoPayload(bytesOf("62*91 90"), strict)
			t.worker().echoPayload(bytesOf("62*81a161 80"), strict)
		},
	},
	&definition{
		Case: Case{Name: "long-method", About: "A str of the envelope may be long: a method that does not exist, of 2000 bytes"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.unknown(strings.Repeat("x", 2000))
		},
	},
)

// sendBody sends an opening Input as in SPEC.md, in which ID stands for an id that was not
// used.
func (l *link) sendBody(body string) *exchange {
	id := l.nextID()
	before, after, _ := strings.Cut(body, "ID")
	l.send(frameOf(slices.Concat(bytesOf(before), wide(0xcf, id), bytesOf(after))))
	x := l.exchange(id)
	if x == nil {
		panic("no sound Input: " + body)
	}
	return x
}

// echoIn sends an opening Input up to its payload, as sendBody does, and waits for the echo of
// a value behind it.
func (l *link) echoIn(body string) {
	l.awaitValue(l.sendBody(body+" a4 65 63 68 6f"), "echo")
}

// wide writes an int with that leading byte, or as an uint64 if it has no room there.
func wide(lead byte, n uint64) []byte {
	size := 1 << (lead & 3)
	if most := uint64(1)<<(8*size-1) - 1; n > most {
		lead, size = 0xcf, 8
	}
	return append([]byte{lead}, binary.BigEndian.AppendUint64(nil, n)[8-size:]...)
}
