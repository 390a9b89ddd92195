package conformance

import (
	"time"

	"github.com/kinwire/kinwire/wire"
)

var eofCases = in("eof", "15. End of file",
	&definition{
		Case:   Case{Name: "idle", About: "End of file ends the worker within 1 s, with a status that is not 0"},
		within: orphanTime,
		run: func(t *trial) {
			l := t.start(standard.hello())
			l.echo()
			l.hangUp()
			l.awaitOrphaned()
		},
	},
	&definition{
		Case:   Case{Name: "before-initialize", About: "End of file ends the worker also before Initialize"},
		within: orphanTime,
		run: func(t *trial) {
			l := t.launch()
			l.hangUp()
			l.awaitOrphaned()
		},
	},
	&definition{
		Case:   Case{Name: "open-exchange", About: "End of file ends the worker also while exchanges are open"},
		within: orphanTime,
		run: func(t *trial) {
			l := t.start(standard.hello())
			l.holdSome(5)
			l.alive()
			l.hangUp()
			l.awaitOrphaned()
		},
	},
	&definition{
		Case:   Case{Name: "busy-handler", About: "End of file ends the worker within 1 s, whatever its handlers do"},
		needs:  []need{method("sleep")},
		within: orphanTime,
		run: func(t *trial) {
			l := t.start(standard.hello())
			for range l.parallel(5) {
				l.doze(time.Minute)
			}
			l.rest(quiet) // so that they run
			l.hangUp()
			l.awaitOrphaned()
		},
	},
	&definition{
		Case:   Case{Name: "inside-frame", About: "End of file inside a frame is the same as between two"},
		within: orphanTime,
		run: func(t *trial) {
			l := t.start(standard.hello())
			frame := input(1, wire.FlagEnd, "", nil, encode("cut off"))
			l.provoke(frame[:len(frame)-3])
			l.hangUp()
			l.awaitOrphaned()
		},
	},
	&definition{
		Case:   Case{Name: "in-grace", About: "End of file ends the worker also during the grace of a Shutdown"},
		within: orphanTime,
		run: func(t *trial) {
			l := t.start(standard.hello())
			l.hold()
			l.shutdown(longGrace)
			l.awaitAck(1)
			l.hangUp()
			l.awaitOrphaned()
		},
	},
)
