package conformance

import (
	"encoding/binary"
	"slices"

	"github.com/kinwire/kinwire/wire"
)

// What a host breaks in these cases, the rows of SPEC.md's table of what is fatal say. Each
// example has a worker of its own, which it ends.
var violationCases = in("violation", "16. Violations",
	breach("frame-length-0", "A length of 0", "00 00 00 00", wire.RuleFrameLength),
	breach("frame-length-huge", "A length of 4 GiB", "ff ff ff ff 91", wire.RuleFrameLength),
	breach("frame-length-text", "Text where a length should be", "54 72 61 63 65 62 61 63 6b", wire.RuleFrameLength),
	&definition{
		Case: Case{Name: "frame-length-one-over", About: "A length one over the max_frame that the worker has announced is fatal"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			const most = 64 << 20
			n := l.info.MaxFrame + 1
			if n > most {
				t.skip("the worker takes frames of over %d MiB", most>>20)
			}
			head := bytesOf("92 78 c6 00 00 00 00") // an unknown type, and a bin
			binary.BigEndian.PutUint32(head[3:], uint32(n-len(head)))
			l.breach(frameOf(append(head, make([]byte, n-len(head))...)), wire.RuleFrameLength)
		},
	},
	breach("body-array-nil", "A body that is no array", "00 00 00 01 c0", wire.RuleBodyArray),
	breach("body-array-map", "A body that is a map", "00 00 00 02 81 01", wire.RuleBodyArray, wire.RuleBodyCut),
	breach("body-array-empty", "A body that is an empty array", "00 00 00 01 90", wire.RuleBodyArray),
	breach("body-cut", "A body that ends inside its array", "00 00 00 02 92 03", wire.RuleBodyCut),
	breach("body-cut-value", "A body that ends inside a str", "00 00 00 09 96 05 01 01 a0 c0 a5 68 69", wire.RuleBodyCut),
	breach("body-cut-bomb", "A body of a few bytes that promises 2^32-1 items", "00 00 00 0a 95 06 01 01 c0 dd ff ff ff ff", wire.RuleBodyCut),
	breach("body-cut-bomb-input", "A payload of a few bytes that promises 2^32-1 items", "00 00 00 0b 96 05 01 01 a0 c0 dd ff ff ff ff", wire.RuleBodyCut),
	breach("body-rest", "Bytes behind the body's array", "00 00 00 04 92 03 07 00", wire.RuleBodyRest),
	breach("body-byte", "The byte 0xc1 where a value begins", "00 00 00 03 92 03 c1", wire.RuleBodyByte, wire.RuleElement, wire.RuleBodyCut),
	breach("body-depth", "More than 64 levels, which a child may accept", "00 00 00 46 95 06 01 01 c0 64*91 c0", wire.RuleBodyDepth),
	breach("body-depth-million", "A million levels", "00 0f 42 46 96 05 01 01 a0 c0 1000000*91", wire.RuleBodyDepth, wire.RuleBodyCut, wire.RuleFrameLength),
	breach("element-type-seq", "A seq that is a str", "00 00 00 04 92 03 a1 31", wire.RuleElement),
	breach("element-type-bytes", "A Credit of 0 bytes", "00 00 00 04 93 08 03 00", wire.RuleElement),
	breach("element-type-meta-key", "A key of meta that is no str", "00 00 00 09 96 05 01 01 a0 81 01 c0 c0", wire.RuleElement),
	breach("element-type-output-meta", "A key of the meta of an Output that is no str", "00 00 00 08 95 06 01 01 81 01 c0 c0", wire.RuleElement),
	breach("element-type-extra", "An Input with an element too many", "00 00 00 08 97 05 01 01 a0 c0 c0 c0", wire.RuleElement),
	breach("element-type-extra-output", "An Output with an element too many", "00 00 00 07 96 06 01 01 c0 c0 c0", wire.RuleElement),
	breach("element-type-bool", "A seq that is a bool, which is no int", "00 00 00 03 92 03 c3", wire.RuleElement),
	breach("element-type-fraction", "A seq with a fraction", "00 00 00 0b 92 03 cb 3f f8 00 00 00 00 00 00", wire.RuleElement),
	breach("element-type-method", "A method that is a bin", "00 00 00 09 96 05 01 01 c4 01 78 c0 c0", wire.RuleElement),
	breach("element-type-timeout", "A timeout_ms that is a str", "00 00 00 14 96 05 01 01 a0 81 aa 74 69 6d 65 6f 75 74 5f 6d 73 a1 35 c0", wire.RuleElement),
	breach("exchange-id-0", "An id of 0", "00 00 00 07 96 05 00 01 a0 c0 c0", wire.RuleID),
	breach("exchange-id-nil", "An id that is nil", "00 00 00 07 96 05 c0 01 a0 c0 c0", wire.RuleID, wire.RuleElement),
	breach("exchange-id-large", "An id of 2^53", "00 00 00 0f 96 05 cf 00 20 00 00 00 00 00 00 01 a0 c0 c0", wire.RuleID),
	breach("exchange-id-even", "An even id that the parent opens", "00 00 00 07 96 05 02 01 a0 c0 c0", wire.RuleID),
	&definition{
		Case: Case{Name: "exchange-id-open", About: "An opening id that is open already is fatal"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := l.hold() // with the id 1
			l.rest(quiet)
			if l.isOver(x) {
				t.fail("an exchange that is open until its value comes", x.outcome())
			}
			l.breach(bytesOf("00 00 00 07 96 05 01 00 a0 c0 c0"), wire.RuleID)
		},
	},
	breach("sender", "Pong from the parent", "00 00 00 03 92 04 07", wire.RuleSender),
	breach("order-twice", "Initialize for the second time", "00 00 00 03 92 01 80", wire.RuleOrder),
	breachInStart("order-early", "A Ping before Initialize", "00 00 00 03 92 03 07", wire.RuleOrder),
	breachInStart("max-frame", "A max_frame from 1 to 4095", "00 00 00 1b 92 01 82 a9 6d 61 78 5f 66 72 61 6d 65 cd 0f ff a8 76 65 72 73 69 6f 6e 73 91 01", wire.RuleMaxFrame),
	breachInStart("element-type-initialize", "Initialize whose versions are no ints", "00 00 00 0f 92 01 81 a8 76 65 72 73 69 6f 6e 73 91 a1 31", wire.RuleElement),
	&definition{
		Case:  Case{Name: "credit", About: "An Input at a balance of 0 or less is fatal"},
		needs: []need{feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.start(tight.hello())
			window := l.workerWindow()
			const most = 16 << 20
			if window > most {
				t.skip("the worker's window is over %d MiB", most>>20)
			}
			x := l.stalledStream(0) // a handler that can't send does not read either
			chunk := more(x.id, 0, encode(make([]byte, max(1, min(16<<10, l.info.MaxFrame-100)))))
			l.breach(slices.Repeat(chunk, 3+3*int(window)/len(chunk)), wire.RuleCredit)
		},
	},
)

// breach defines a case in which a worker gets bytes that break a rule.
func breach(name, about, example string, rules ...wire.Rule) *definition {
	return &definition{
		Case: Case{Name: name, About: about + isFatal},
		run:  func(t *trial) { t.start(standard.hello()).breach(bytesOf(example), rules...) },
	}
}

// breachInStart defines one in which it gets them before the handshake is over.
func breachInStart(name, about, example string, rules ...wire.Rule) *definition {
	return &definition{
		Case: Case{Name: name, About: about + isFatal},
		run: func(t *trial) {
			l := t.launch()
			l.mu.Lock()
			l.hello, l.greeted = standard.hello(), true
			l.mu.Unlock()
			// One that passes over the first Initialize takes the second.
			l.breach(append(bytesOf(example), standard.hello().Append(nil)...), rules...)
		},
	}
}

const isFatal = " is fatal: one line with the rule's name, and exit code 65"
