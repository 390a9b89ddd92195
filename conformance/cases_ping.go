package conformance

import (
	"fmt"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// longBusy is how long handlers are at work while Pings are answered.
const longBusy = 9 * time.Second

var pingCases = in("ping", "12. Ping",
	&definition{
		Case: Case{Name: "seq", About: "Every Ping is answered by one Pong with its seq, up to 2^53-1"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			for _, seq := range []uint64{0, 1, 2, 127, 128, 255, 256, 65536, 1<<31 + 1, 1<<32 + 1, 1<<53 - 1} {
				l.ping(seq)
			}
			l.rest(quiet)
		},
	},
	&definition{
		Case: Case{Name: "many", About: "Pings that come close together are answered each"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			var frames [][]byte
			for range 100 {
				frames = append(frames, wire.Ping{Seq: l.nextSeq()}.Append(nil))
			}
			l.sendTogether(frames...)
			l.await("a Pong for each of 100 Pings", func() bool {
				due := 0
				for _, n := range l.asked {
					due += n
				}
				return due == 0
			})
		},
	},
	&definition{
		Case: Case{Name: "open-exchange", About: "A Ping is answered while exchanges are open whose values are still to come"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			open := l.holdSome(8)
			l.alive()
			for _, x := range open {
				l.finish(x, "later")
			}
		},
	},
	&definition{
		Case:   Case{Name: "busy-handlers", About: "A Ping is answered while every handler is busy"},
		needs:  []need{method("sleep")},
		within: longBusy,
		run: func(t *trial) {
			l := t.start(standard.hello())
			var open []*exchange
			for range l.parallel(16) {
				open = append(open, l.doze(longBusy))
			}
			l.rest(quiet) // so that they run
			for range 3 {
				p := l.ping(l.nextSeq())
				for _, x := range open {
					l.mu.Lock()
					early := x.over && x.event < p.event
					l.mu.Unlock()
					if early {
						t.fail("a Pong while the handlers are busy", fmt.Sprintf("it after the answer of the exchange %d, which takes %v", x.id, longBusy))
					}
				}
			}
		},
	},
	&definition{
		Case:  Case{Name: "stalled-stream", About: "A Ping is answered while a stream waits for credit"},
		on:    tight,
		needs: []need{feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.worker()
			x := l.stalled()
			defer l.grantAgain()
			for range 3 {
				l.alive()
			}
			l.grantSlowly(x)
		},
	},
	&definition{
		Case: Case{Name: "lack", About: "A lack of Pings is no reason to exit, whatever Initialize says of them"},
		run: func(t *trial) {
			hello := standard.hello()
			hello.PingInterval, hello.PingTimeout = 20*time.Millisecond, 50*time.Millisecond
			l := t.start(hello)
			l.rest(time.Second)
			l.echo()
			l.alive()
		},
	},
)
