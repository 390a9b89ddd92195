package conformance

import (
	"slices"

	"github.com/kinwire/kinwire/wire"
)

var greaseCases = in("grease", "17. Grease and growth",
	&definition{
		Case: Case{Name: "types", About: "Types 112 to 127 mean nothing, and are ignored with any elements"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for n := wire.GreaseFirst; n <= wire.GreaseLast; n++ {
				l.unknownType([]byte{byte(n)})
			}
			l.alive()
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "unknown-types", Section: "5. Messages", About: "All other types that version 1 does not know are ignored: 0, 13, below 0, over 2^63-1"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for _, n := range []string{
				"00", "0d", "0e", "10", "6f", "cc 80", "cd 01 05", "ce ff ff ff ff", "cf 00 00 00 01 00 00 00 05", "cf 00 20 00 00 00 00 00 01",
				"ff", "d0 80", "d3 ff ff ff ff ff ff ff f6", "cf 7f ff ff ff ff ff ff ff", "cf 80 00 00 00 00 00 00 05", "cf ff ff ff ff ff ff ff ff",
				"cb 40 5d 40 00 00 00 00 00",
			} {
				l.unknownType(bytesOf(n))
			}
			l.alive()
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "sample", About: "The frame of grease that SPEC.md shows is ignored"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.send(bytesOf("00 00 00 0a 93 75 05 a6 67 72 65 61 73 65"))
			l.alive()
		},
	},
	&definition{
		Case: Case{Name: "large", About: "A large frame of an unknown type is ignored as well"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			size := min(1<<20, l.info.MaxFrame) - 8
			l.send(frameOf(slices.Concat([]byte{0x92, 0x78}, encode(make([]byte, size)))))
			l.alive()
		},
	},
)

// unknownType sends frames of a type that means nothing, with elements of all kinds.
func (l *link) unknownType(n []byte) {
	for _, rest := range []string{"", "01 01 a0 c0 c0", "81 01 c0 c3 d4 05 00", "c4 02 ff 00 cb 7f f8 00 00 00 00 00 00 a2 ff fe"} {
		items := map[string]byte{"": 1, "01 01 a0 c0 c0": 6, "81 01 c0 c3 d4 05 00": 4, "c4 02 ff 00 cb 7f f8 00 00 00 00 00 00 a2 ff fe": 4}
		l.send(frameOf(slices.Concat([]byte{0x90 | items[rest]}, n, bytesOf(rest))))
	}
}
