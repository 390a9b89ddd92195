package conformance

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/kinwire/kinwire/wire"
)

var handshakeCases = in("handshake", "6. Handshake",
	&definition{
		Case: Case{Name: "version", About: "The worker picks a version that it speaks out of those that the host has named"},
		run: func(t *trial) {
			hello := standard.hello()
			hello.Versions = []int{1 << 30, wire.Version, 1 << 20}
			l := t.start(hello)
			if l.info.Version != wire.Version {
				t.fail("the version 1, which is the only one that there is", fmt.Sprintf("the version %d", l.info.Version), l.infoFrame...)
			}
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "no-common-version", About: "Without a common version the worker answers with the error unsupported_version, which names both sides', sends Exiting with 1, and exits with it"},
		run: func(t *trial) {
			hello := standard.hello()
			hello.Versions = []int{977, 978}
			l := t.start(hello)
			switch e := l.info.Error; {
			case e == nil:
				t.fail("the error unsupported_version", fmt.Sprintf("the version %d, and no error", l.info.Version), l.infoFrame...)
			case e.Code != wire.CodeUnsupportedVersion:
				t.fail("the error unsupported_version", e.Error(), l.infoFrame...)
			case !strings.Contains(e.Message, "978") || !strings.Contains(strings.NewReplacer("977", "", "978", "").Replace(e.Message), "1"):
				t.fail("a message with the versions of both sides, 977, 978 and 1", quote(e.Message), l.infoFrame...)
			}
			l.awaitFarewell(0, 1)
		},
	},
	&definition{
		Case: Case{Name: "features", Section: "6. Handshake", About: "The worker names only features that Initialize has named: none if it has named none"},
		on:   bare,
		run:  func(t *trial) { t.worker().echo() },
	},
	&definition{
		Case: Case{Name: "one-feature", About: "The worker names only features that Initialize has named: at most the one"},
		run: func(t *trial) {
			hello := standard.hello()
			hello.Features = []wire.Feature{wire.FeatureCancel}
			t.start(hello).echo()
		},
	},
	&definition{
		Case: Case{Name: "unknown-keys", Section: "16. Violations", About: "Unknown keys of Initialize and a log_level that is none are ignored, and config may be anything"},
		run: func(t *trial) {
			l := t.startWith(initialize(
				"versions", []int{wire.Version},
				"conformance-unknown", map[string]any{"a": []int{1, 2}},
				"", 5,
				"log_level", "shouting",
				"config", wire.Payload(bytesOf("84 01 91 c0 c3 d4 05 aa c4 01 ff a2 ff fe ca 7f c0 00 00 d9 00")),
			))
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "unknown-features", Section: "16. Violations", About: "Unknown features are ignored, and not named in the answer"},
		run: func(t *trial) {
			hello := standard.hello()
			hello.Features = append([]wire.Feature{"conformance.unknown", ""}, wire.Features...)
			l := t.start(hello)
			for _, f := range l.info.Features {
				if f == "conformance.unknown" || f == "" {
					t.fail("features that the worker has", "the feature "+quote(f)+", which means nothing", l.infoFrame...)
				}
			}
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "defaults", About: "Keys of Initialize that are nil or 0 mean the default, as do those that are missing"},
		run: func(t *trial) {
			l := t.startWith(initialize(
				"versions", []int{wire.Version},
				"worker", nil, "max_frame", nil, "window", 0, "concurrency", nil, "ping_interval_ms", nil,
				"ping_timeout_ms", 0, "features", wire.Features, "log_level", nil, "config", nil,
			))
			l.echo()
			long := strings.Repeat("x", min(2*wire.LeastMaxFrame, l.info.MaxFrame-64))
			l.awaitValue(l.call("", long), long)
		},
	},
	&definition{
		Case: Case{Name: "widths", Section: "4. Body", About: "Initialize may have ints of any width, floats without a fraction, and wide heads of str, array and map"},
		run: func(t *trial) {
			l := t.startWith(frameOf(bytesOf("dd 00 00 00 02" + // an array of 2
				" d3 00 00 00 00 00 00 00 01" + // type 1
				" df 00 00 00 03" + // a map of 3
				" db 00 00 00 08 76 65 72 73 69 6f 6e 73 dc 00 01 cb 3f f0 00 00 00 00 00 00" + // versions: [1.0]
				" d9 09 6d 61 78 5f 66 72 61 6d 65 ca 4b 80 00 00" + // max_frame: 16777216.0
				" da 00 06 77 69 6e 64 6f 77 cf 00 00 00 00 00 01 00 00"))) // window: 65536
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "large-config", Section: "3. Frame", About: "Initialize may be up to 16 MiB long"},
		run: func(t *trial) {
			hello := standard.hello()
			room := wire.DefaultMaxFrame - len(hello.Append(nil)) + wire.HeaderSize - len("xconfig") - 5
			hello.Config = encode(bytes.Repeat([]byte{0x91}, room))
			frame := hello.Append(nil)
			if len(frame)-wire.HeaderSize != wire.DefaultMaxFrame {
				panic(fmt.Sprintf("Initialize has %d bytes", len(frame)-wire.HeaderSize))
			}
			t.start(hello).echo()
		},
	},
)

// initialize makes an Initialize with those keys and values.
func initialize(pairs ...any) []byte {
	body := []byte{0x92, 0x01, 0x80 | byte(len(pairs)/2)}
	for _, v := range pairs {
		body = append(body, encode(v)...)
	}
	return frameOf(body)
}
