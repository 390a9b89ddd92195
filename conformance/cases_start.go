package conformance

import (
	"time"

	"github.com/kinwire/kinwire/wire"
)

var startCases = in("start", "2. Start",
	&definition{
		Case: Case{Name: "handshake", Section: "6. Handshake",
			About: "The worker starts, and answers Initialize with Initialized"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			if l.info.Error != nil {
				t.fail("an Initialized without an error", "the error "+l.info.Error.Error(), l.infoFrame...)
			}
			t.venue.info, t.venue.took = l.info, l.took
			if l.took > slowStart {
				t.warn("the start took %v; its host may give up after 10s", l.took.Round(100*time.Millisecond))
			}
		},
	},
)

// slowStart is how long a start may take without a warning.
const slowStart = 3 * time.Second

var _ = wire.Version
