package conformance

import "github.com/kinwire/kinwire/wire"

var handshakeCases = in("handshake", "6. Handshake",
	&definition{
		Case: Case{Name: "version", About: "The worker picks a version that it speaks out of those that the host has named"},
		run: func(t *trial) {
			hello := standard.hello()
			hello.Versions = []int{1 << 20, wire.Version, 1 << 30}
			t.start(hello).echo()
		},
	},
)
