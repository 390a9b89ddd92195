package conformance

import (
	"fmt"
	"slices"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// quiet is how long is listened for what must not come.
const quiet = 100 * time.Millisecond

var exchangeCases = in("exchange", "7. Exchanges",
	echoCase,
	&definition{
		Case: Case{Name: "one-end", About: "Every exchange gets exactly one END, and nothing after it"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for i := range 3 {
				l.awaitValue(l.call("", i), i)
				l.alive()
			}
			l.rest(quiet)
		},
	},
	&definition{
		Case: Case{Name: "many", About: "A thousand exchanges, as many at a time as the worker allows, each get their own answer"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			var open []*exchange
			next := 0 // of the answers
			answer := func() {
				l.awaitValue(open[0], next)
				open = open[1:]
				next++
			}
			for i := range 1000 {
				if len(open) == l.parallel(50) {
					answer()
				}
				open = append(open, l.call("", i))
			}
			for len(open) > 0 {
				answer()
			}
		},
	},
	&definition{
		Case: Case{Name: "ids", About: "Ids come in any order, up to 2^53-1"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for _, id := range []uint64{wire.MaxID, wire.MaxID - 2, 1<<52 + 3, 1<<40 + 1, 1<<32 + 1, 1<<32 - 1, 1<<31 + 1, 1<<31 - 1, 70001, 0xff01} {
				l.send(input(id, wire.FlagEnd, "", nil, encode(id)))
				l.awaitValue(l.exchange(id), id)
			}
		},
	},
	&definition{
		Case: Case{Name: "interleaved", About: "Exchanges that are open together don't mix, in whichever order they go on"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			open := l.holdSome(16)
			l.alive()
			slices.Reverse(open)
			for _, x := range open {
				l.release(x, x.id)
			}
			for _, x := range open {
				l.awaitValue(x, x.id)
			}
		},
	},
	&definition{
		Case: Case{Name: "value-later", About: "An opening Input with EMPTY has no value: the value comes in a continuing Input"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.begin(wire.FlagEmpty, "", nil, encode("not a value, as EMPTY is set"))
			l.alive()
			l.finish(x, "the value")
		},
	},
	&definition{
		Case: Case{Name: "end-later", About: "END may come behind the value, in an Input with EMPTY"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.begin(0, "", nil, encode("the value"))
			l.alive()
			l.carryOn(x, wire.FlagEnd|wire.FlagEmpty, nil)
			l.awaitValue(x, "the value")
		},
	},
	&definition{
		Case: Case{Name: "meta-alone", About: "An Input with EMPTY alone carries no value"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.begin(wire.FlagEmpty, "", nil, nil)
			for range 3 {
				l.awaitCredit(x)
				l.send(wire.Input{ID: x.id, Flags: wire.FlagEmpty, Meta: wire.Meta(encode(map[string]any{"a.b": 1}))}.Append(nil))
			}
			l.finish(x, "the value")
		},
	},
	&definition{
		Case: Case{Name: "no-value", About: "An exchange without a value gets one END as well: bad_input, or whatever the handler makes of it"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.awaitEnd(l.begin(wire.FlagEnd|wire.FlagEmpty, "", nil, nil))
			x := l.hold()
			l.carryOn(x, wire.FlagEnd|wire.FlagEmpty, nil)
			l.awaitEnd(x)
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "two-values", About: "A second value is answered with itself or ignored, or the exchange with bad_input"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.begin(0, "", nil, encode("one"))
			l.release(x, "two")
			l.awaitEnd(x)
			switch {
			case x.err != nil:
				l.awaitError(x, wire.CodeBadInput)
			case len(x.values) == 1: // the END of the answer to the first ends the exchange
				l.awaitValues(x, "one")
			default:
				l.awaitValues(x, "one", "two")
			}
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "stream", About: "Values of a stream come back each, in order, and then END"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.begin(wire.FlagEmpty, "", nil, nil)
			var want []any
			for i := range 200 {
				want = append(want, i)
				l.carryOn(x, 0, encode(i))
			}
			l.carryOn(x, wire.FlagEnd|wire.FlagEmpty, nil)
			l.awaitEnd(x)
			l.skipUnary(x, len(want))
			l.awaitValues(x, want...)
		},
	},
	&definition{
		Case:  Case{Name: "count", About: "A handler's many values come in order, and then END"},
		on:    standard,
		needs: []need{method("count")},
		run: func(t *trial) {
			l := t.worker()
			x := l.callMethod("count", map[string]any{"n": 500})
			l.awaitEnd(x)
			var want []any
			for i := range 500 {
				want = append(want, i)
			}
			l.awaitValues(x, want...)
		},
	},
	&definition{
		Case: Case{Name: "input-error", About: "ERROR on an Input ends its direction, and the exchange still gets one END"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			e := wire.Payload(wire.Errorf(wire.CodeFailed, "the caller's values have failed").Append(nil))
			for _, p := range []wire.Payload{e, encode("no error map"), nil, encode(map[string]any{"code": 5})} {
				x := l.hold()
				l.send(more(x.id, wire.FlagError, p))
				l.awaitEnd(x)
				l.awaitEnd(l.begin(wire.FlagError, "", nil, p))
			}
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "behind-end", Section: "16. Violations", About: "A continuing Input behind the END of its direction is ignored"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for range 5 {
				id := l.nextID()
				l.sendTogether(input(id, wire.FlagEnd, "", nil, encode("the value")), more(id, wire.FlagEnd, encode("too late")))
				l.awaitValue(l.exchange(id), "the value")
			}
			l.alive()
		},
	},
	&definition{
		Case: Case{Name: "over", Section: "16. Violations", About: "Frames for an exchange that has ended or never was are ignored"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.call("", "ended")
			l.awaitEnd(x)
			for _, id := range []uint64{x.id, 2*x.id + 1_000_001, 2_000_000, wire.MaxID - 100} {
				l.send(
					more(id, 0, encode("ignored")),
					more(id, wire.FlagEnd, encode("ignored")),
					more(id, wire.FlagError, wire.Errorf("ignored", "").Append(nil)),
					wire.Output{ID: id, Payload: encode("ignored")}.Append(nil),
					wire.Output{ID: id, Flags: wire.FlagEnd, Payload: encode("ignored")}.Append(nil),
					wire.Cancel{ID: id, Reason: "ignored"}.Append(nil),
					wire.Credit{ID: id, Bytes: 1000}.Append(nil),
				)
			}
			l.alive()
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "output-from-host", Section: "16. Violations", About: "An Output for an exchange that the worker did not open is ignored"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			x := l.hold()
			l.send(wire.Output{ID: x.id, Flags: wire.FlagEnd, Payload: encode("not yours")}.Append(nil))
			l.alive()
			l.finish(x, "still open")
		},
	},
	&definition{
		Case: Case{Name: "unknown-flags", Section: "16. Violations", About: "Unknown flags are ignored"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.echoIn("96 05 ID cc f9 a0 c0")
			l.echoIn("96 05 ID cf 00 1f ff ff ff ff ff f9 a0 c0")
		},
	},
	&definition{
		Case: Case{Name: "unknown-method", Section: "9. Errors", About: "A method that does not exist is answered unknown_method: there is no fallback"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			l.unknown("conformance.no-such-method")
			l.echo()
		},
	},
	&definition{
		Case: Case{Name: "reserved-method", About: "Methods that begin with kinwire. are the protocol's, and version 1 has none"},
		on:   standard,
		run:  func(t *trial) { t.worker().unknown("kinwire.conformance") },
	},
	&definition{
		Case: Case{Name: "refusals", Section: "16. Violations", About: "If several reasons to refuse apply, unknown_method comes before deadline_exceeded"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			if l.info.Methods == nil {
				t.skip("the worker does not list its methods")
			}
			l.awaitError(l.begin(wire.FlagEnd, "conformance.no-such-method", timeout(0), nil), wire.CodeUnknownMethod)
		},
	},
	&definition{
		Case: Case{Name: "overloaded", About: "What comes beyond the concurrency that the worker has announced is answered overloaded, and END frees a place"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			const most = 5000
			limit := l.info.Concurrency
			if limit == 0 || limit > most {
				t.skip("the worker announces no concurrency of 1 to %d", most)
			}
			for range 2 {
				open := l.holdSome(limit)
				for range 3 {
					l.awaitError(l.call("", "too many"), wire.CodeOverloaded)
				}
				l.awaitError(l.begin(wire.FlagEnd, "", timeout(0), nil), wire.CodeOverloaded) // and not deadline_exceeded
				l.release(open[0], 0)
				l.awaitValue(open[0], 0)
				open[0] = l.hold()
				l.alive()
				for i, x := range open {
					l.release(x, i)
				}
				for i, x := range open {
					l.awaitValue(x, i)
				}
			}
		},
	},
)

// awaitValues waits for an exchange that answers with these values.
func (l *link) awaitValues(x *exchange, want ...any) {
	l.awaitEnd(x)
	if x.err != nil || len(x.values) != len(want) {
		l.t.fail(fmt.Sprintf("%d values and END", len(want)), fmt.Sprintf("%d values, %s", len(x.values), x.outcome()))
	}
	for i, v := range want {
		if w := valueOf(encode(v)); !w.same(valueOf(x.values[i])) {
			l.t.fail(fmt.Sprintf("%v as value %d of the stream", w, i), valueOf(x.values[i]).String(), x.values[i]...)
		}
	}
}

// skipUnary skips the case if the default method, which was sent n values, takes one: it refuses
// a second, or ends with its answer to the first.
func (l *link) skipUnary(x *exchange, n int) {
	switch {
	case x.err != nil && x.err.Code == wire.CodeBadInput:
		l.t.skip("the default method takes one value: it answers bad_input to a second")
	case x.err == nil && len(x.values) == 1 && n > 1:
		l.t.skip("the default method takes one value: it ends with that")
	}
}

// unknown holds that a method does not exist.
func (l *link) unknown(name string) {
	x := l.begin(wire.FlagEnd, name, nil, encode("x"))
	l.awaitEnd(x)
	if l.info.Methods == nil && x.err == nil {
		l.t.skip("the worker lists no methods, and has one for every name")
	}
	l.awaitError(x, wire.CodeUnknownMethod)
}

// callMethod calls a method that not every worker has, and skips the case if it has not.
func (l *link) callMethod(name string, v any) *exchange {
	l.needMethod(name)
	return l.call(name, v)
}

// has finds out whether a worker that lists no methods has one: no handler runs for an
// exchange whose time is over.
func (l *link) has(name string) bool {
	x := l.begin(wire.FlagEnd, name, timeout(0), nil)
	l.awaitEnd(x)
	return x.err == nil || x.err.Code != wire.CodeUnknownMethod
}

// timeout is a meta that says how much time is left, in milliseconds.
func timeout(ms int64) wire.Meta { return wire.Meta(encode(map[string]any{wire.KeyTimeout: ms})) }
