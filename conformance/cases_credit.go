package conformance

import (
	"fmt"

	"github.com/kinwire/kinwire/wire"
)

var creditCases = in("credit", "11. Credit",
	&definition{
		Case:  Case{Name: "kept", About: "The worker sends nothing at a balance of 0 or less, and goes on when it is granted credit, however late and little"},
		on:    tight,
		needs: []need{feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.worker()
			x := l.stalled()
			defer l.grantAgain()
			l.grantSlowly(x)
			for i, p := range x.values {
				if len(p) == 0 {
					t.fail(fmt.Sprintf("a value number %d", i), "none")
				}
			}
			if x.err != nil {
				t.fail("values and END", x.outcome())
			}
		},
	},
	&definition{
		Case:  Case{Name: "large-value", About: "A balance above 0 is enough for a frame of any size"},
		on:    tight,
		needs: []need{feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.worker()
			p := encode(make([]byte, 3000))
			l.awaitPayload(l.begin(wire.FlagEnd, "", nil, p), p)
		},
	},
	&definition{
		Case:  Case{Name: "saturates", About: "The balance saturates at 2^31-1"},
		on:    tight,
		needs: []need{feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.worker()
			x := l.hold()
			for range 4 {
				l.send(wire.Credit{ID: x.id, Bytes: wire.MaxCredit}.Append(nil))
			}
			l.finish(x, "saturated")
		},
	},
	&definition{
		Case:  Case{Name: "granted", About: "The worker grants what it has consumed: values of four windows get through"},
		on:    standard,
		needs: []need{feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.worker()
			window := l.workerWindow()
			const most = 8 << 20
			if window > most {
				t.skip("the worker's window is over %d MiB", most>>20)
			}
			size := max(1, min(int(window)/4, l.info.MaxFrame/2))
			l.stream(4*window, encode(make([]byte, size)))
		},
	},
	&definition{
		Case:  Case{Name: "granted-small", About: "The worker counts a frame by its length: a hundred empty values and more get through a window"},
		on:    standard,
		needs: []need{feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.worker()
			const most = 1 << 20
			if l.workerWindow() > most {
				t.skip("the worker's window is over %d MiB", most>>20)
			}
			l.stream(2*l.workerWindow(), encode([]byte("x")))
		},
	},
	&definition{
		Case: Case{Name: "not-in-force", Section: "16. Violations", About: "Credit is ignored without the feature, and not waited for"},
		on:   bare,
		run: func(t *trial) {
			l := t.worker()
			x := l.hold()
			l.send(wire.Credit{ID: x.id, Bytes: 5}.Append(nil))
			l.alive()
			p := encode(make([]byte, min(3*wire.DefaultWindow, l.info.MaxFrame-100)))
			l.carryOn(x, wire.FlagEnd, p)
			l.awaitPayload(x, p)
		},
	},
)

// grantNothing lets the case grant credit by itself, until grantAgain.
func (l *link) grantNothing() { l.setManual(true) }
func (l *link) grantAgain()   { l.setManual(false) }

func (l *link) setManual(manual bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.manual = manual
}

// stalled returns an exchange whose Outputs wait for credit, which is granted by the case from
// now on: of the method count, or of the default one.
func (l *link) stalled() *exchange {
	if l.offers("count") {
		l.grantNothing()
		return l.awaitOutput(l.call("count", map[string]any{"n": 20}))
	}
	return l.stalledStream(wire.FlagEnd)
}

// stalledStream is stalled for the default method, of which the second Input has those flags. The
// case is skipped if that takes one value.
func (l *link) stalledStream(flags wire.Flags) *exchange {
	two := func(flags wire.Flags) *exchange {
		x := l.begin(0, "", nil, encode("one"))
		l.carryOn(x, flags, encode("two"))
		return x
	}
	x := two(wire.FlagEnd)
	l.awaitEnd(x)
	l.skipUnary(x, 2)
	l.grantNothing()
	return l.awaitOutput(two(flags))
}

// awaitOutput waits for the first Output of an exchange, which has more of them, and gives the
// worker the time to begin to wait for credit.
func (l *link) awaitOutput(x *exchange) *exchange {
	l.await("an Output", func() bool { return len(x.lengths) > 0 })
	l.rest(3 * quiet)
	l.alive()
	if l.isOver(x) {
		l.t.fail("Outputs that wait for credit", "an END without it")
	}
	return x
}

// grantSlowly grants just enough for one more frame at a time, until the exchange is over.
func (l *link) grantSlowly(x *exchange) {
	for {
		l.mu.Lock()
		over, owed, came := x.over, x.owed, len(x.lengths)
		l.mu.Unlock()
		if over {
			return
		}
		if owed <= 0 {
			l.send(wire.Credit{ID: x.id, Bytes: 1 - owed}.Append(nil))
		}
		l.await("another Output, as there is credit for it", func() bool { return x.over || len(x.lengths) > came })
	}
}

// workerWindow is the credit that each direction towards the worker starts with.
func (l *link) workerWindow() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.theirWindow()
}

// stream sends values to the default method, as credit allows, until they make up so many
// bytes, and waits for all of them to come back.
func (l *link) stream(total int64, p wire.Payload) {
	x := l.begin(wire.FlagEmpty, "", nil, nil)
	n := 0
	for sent := int64(0); sent < total; n++ {
		l.carryOn(x, 0, p)
		sent += int64(len(more(x.id, 0, p)) - wire.HeaderSize)
		if l.isOver(x) {
			break
		}
	}
	l.carryOn(x, wire.FlagEnd|wire.FlagEmpty, nil)
	l.awaitEach(x, n)
	l.awaitEnd(x)
	l.skipUnary(x, n)
	if x.err != nil || len(x.values) != n {
		l.t.fail(fmt.Sprintf("%d values and END", n), fmt.Sprintf("%d values, %s", len(x.values), x.outcome()))
	}
}

// awaitEach waits for that many values, or the END. Each of them has its own time, since a
// machine may be slow and they may be 100,000.
func (l *link) awaitEach(x *exchange, n int) {
	for came := 0; came < n && !l.isOver(x); {
		l.await(fmt.Sprintf("the value %d of %d", came+1, n), func() bool { return x.over || len(x.values) > came })
		l.mu.Lock()
		came = len(x.values)
		l.mu.Unlock()
	}
}
