package conformance

import (
	"time"

	"github.com/kinwire/kinwire/wire"
)

var deadlineCases = in("deadline", "8. Meta and deadlines",
	&definition{
		Case: Case{Name: "past", About: "A timeout_ms of 0 or less has run out: it is answered deadline_exceeded"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for range 20 { // a timer that is just as quick as the handler wins now and then
				for _, ms := range []int64{0, -1, -1 << 40} {
					l.awaitError(l.begin(wire.FlagEnd, "", timeout(ms), encode("too late")), wire.CodeDeadlineExceeded)
				}
			}
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "far", About: "A timeout_ms that is far away, or nil, does not end an exchange"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			var open []*exchange
			metas := []wire.Meta{
				timeout(60_000), timeout(1<<31 - 1), timeout(1<<31 + 5), timeout(1<<32 + 5), timeout(1 << 45), timeout(wire.MaxID),
				wire.Meta(encode(map[string]any{wire.KeyTimeout: nil})),
			}
			for _, meta := range metas[:l.parallel(len(metas))] {
				open = append(open, l.begin(wire.FlagEmpty, "", meta, nil))
			}
			l.rest(quiet)
			for i, x := range open {
				l.release(x, i)
			}
			for i, x := range open {
				l.awaitValue(x, i)
			}
		},
	},
	&definition{
		Case: Case{Name: "waiting", About: "timeout_ms ends an exchange whose values are still to come: with deadline_exceeded, and not before the time"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.endsInTime(func(meta wire.Meta) *exchange { return l.begin(wire.FlagEmpty, "", meta, nil) })
		},
	},
	&definition{
		Case:  Case{Name: "handler", About: "timeout_ms stops a handler: the exchange ends with deadline_exceeded, and not before the time"},
		on:    standard,
		needs: []need{method("sleep")},
		run: func(t *trial) {
			l := t.worker()
			l.needMethod("sleep")
			l.endsInTime(func(meta wire.Meta) *exchange { return l.begin(wire.FlagEnd, "sleep", meta, sleep(time.Minute)) })
		},
	},
	&definition{
		Case: Case{Name: "over", About: "An exchange that has ended is not ended once more when its time is up"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			const left = 250 * time.Millisecond
			l.awaitEnd(l.begin(wire.FlagEnd, "", wire.AppendTimeout(nil, left), encode("in time")))
			l.rest(left + quiet)
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "late", About: "What a handler gives once its time is up is not sent"},
		on:    standard,
		needs: []need{method("sleep")},
		run: func(t *trial) {
			l := t.worker()
			l.needMethod("sleep")
			const left, busy = 100 * time.Millisecond, 300 * time.Millisecond
			l.awaitEnd(l.begin(wire.FlagEnd, "sleep", wire.AppendTimeout(nil, left), sleep(busy)))
			l.rest(busy - left + quiet)
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "elsewhere", About: "In frames other than an opening Input timeout_ms means nothing"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.hold()
			l.awaitCredit(x)
			l.send(wire.Input{ID: x.id, Flags: wire.FlagEmpty, Meta: timeout(0)}.Append(nil))
			l.alive()
			l.rest(quiet / 2)
			l.finish(x, "in time")
		},
	},
)

// endsInTime holds that an exchange that takes long ends when its time is up.
func (l *link) endsInTime(open func(wire.Meta) *exchange) {
	const left = 500 * time.Millisecond // long enough to be told from what is late on a busy machine
	begun := time.Now()
	x := open(wire.AppendTimeout(nil, left))
	l.awaitErrorFor(left, x, wire.CodeDeadlineExceeded)
	if took := x.at.Sub(begun); took < left-10*time.Millisecond {
		l.t.fail("deadline_exceeded once "+left.String()+" are over", "it after "+took.Round(time.Millisecond).String())
	}
	l.rest(quiet / 2)
	l.echo()
}

// sleep is what the method sleep takes.
func sleep(d time.Duration) wire.Payload {
	return encode(map[string]any{"ms": d.Milliseconds()})
}

// needMethod skips the case if a worker that lists no methods has not that one.
func (l *link) needMethod(name string) {
	if l.info.Methods == nil && !l.has(name) {
		l.t.skip("the worker has no method %s", quote(name))
	}
}
