package conformance

import (
	"fmt"

	"github.com/kinwire/kinwire/wire"
)

var hostCallCases = in("host-call", "7. Exchanges",
	&definition{
		Case:  Case{Name: "answer", About: "A child with host-call opens exchanges with even ids, each used once, and reads the host's answers"},
		on:    standard,
		needs: []need{feature(wire.FeatureHostCall), method("host")},
		run: func(t *trial) {
			l := t.worker()
			for i := range 3 {
				x, call := l.callHost(i)
				if call.method != "conformance" || len(call.values) != 1 || !valueOf(encode(i)).same(valueOf(call.values[0])) {
					t.fail(fmt.Sprintf("a call of the method \"conformance\" with the value %d", i), fmt.Sprintf("one of %s with %d values", quote(call.method), len(call.values)))
				}
				l.answerCall(call, wire.FlagEnd, encode(fmt.Sprint(i)))
				l.awaitValue(x, fmt.Sprint(i))
			}
		},
	},
	&definition{
		Case:  Case{Name: "two-outputs", About: "An Output of the host without END, and then END with EMPTY, are the same as one Output"},
		on:    standard,
		needs: []need{feature(wire.FeatureHostCall), method("host")},
		run: func(t *trial) {
			l := t.worker()
			x, call := l.callHost(1)
			l.answerCall(call, 0, encode("answer"))
			l.answerCall(call, wire.FlagEnd|wire.FlagEmpty, nil)
			l.awaitValue(x, "answer")
		},
	},
	&definition{
		Case:  Case{Name: "error", About: "An error of the host ends the worker's call, and the worker goes on"},
		on:    standard,
		needs: []need{feature(wire.FeatureHostCall), method("host")},
		run: func(t *trial) {
			l := t.worker()
			for _, p := range []wire.Payload{wire.Errorf("conformance.no", "not today").Append(nil), encode("no error map"), nil} {
				x, call := l.callHost(1)
				l.answerCall(call, wire.FlagError, p)
				l.awaitEnd(x)
				if x.err == nil {
					t.fail("an error, as the host has answered with one", x.outcome())
				}
			}
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "over", Section: "16. Violations", About: "Frames for a call of the host that is over are ignored, and so are Inputs and Cancel for one that is open"},
		on:    standard,
		needs: []need{feature(wire.FeatureHostCall), method("host")},
		run: func(t *trial) {
			l := t.worker()
			x, call := l.callHost(1)
			l.send(more(call.id, wire.FlagEnd, encode("an Input from the wrong side")), wire.Cancel{ID: call.id}.Append(nil))
			l.alive()
			l.answerCall(call, wire.FlagEnd, encode("answer"))
			l.awaitValue(x, "answer")
			l.answerCall(call, wire.FlagEnd, encode("again"))
			l.send(wire.Credit{ID: call.id, Bytes: 5}.Append(nil))
			l.alive()
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "canceled", About: "A call of the host ends with the exchange of the handler that waits for it"},
		on:    standard,
		needs: []need{feature(wire.FeatureHostCall), feature(wire.FeatureCancel), method("host")},
		run: func(t *trial) {
			l := t.worker()
			x, call := l.callHost(1)
			l.cancel(x)
			l.awaitError(x, wire.CodeCanceled)
			l.await("a Cancel for the call of the host", func() bool { return call.canceled })
			l.answerCall(call, wire.FlagError, wire.Errorf(wire.CodeCanceled, "").Append(nil))
			l.alive()
		},
	},
	&definition{
		Case:  Case{Name: "concurrency", About: "A child has no more exchanges open than Initialize allows: the others wait"},
		on:    tight,
		needs: []need{feature(wire.FeatureHostCall), method("host")},
		run: func(t *trial) {
			l := t.worker()
			var open []*exchange
			for i := range l.parallel(3) {
				open = append(open, l.askForCall(i))
			}
			l.rest(quiet)
			for range open {
				call := l.awaitHostCall()
				l.rest(quiet / 2)
				l.answerCall(call, wire.FlagEnd, call.values[0])
			}
			for i, x := range open {
				l.awaitValue(x, i)
			}
		},
	},
	&definition{
		Case:  Case{Name: "in-grace", Section: "14. Shutdown", About: "Calls of the host go on during the grace"},
		needs: []need{feature(wire.FeatureHostCall), method("host")},
		run: func(t *trial) {
			l := t.start(standard.hello())
			x, call := l.callHost(1)
			l.shutdown(longGrace)
			l.awaitAck(1)
			l.answerCall(call, wire.FlagEnd, encode("in time"))
			l.awaitValue(x, "in time")
			l.awaitFarewell(0, 0)
		},
	},
	&definition{
		Case:  Case{Name: "not-in-force", Section: "6. Handshake", About: "Without host-call the child opens no exchange"},
		on:    bare,
		needs: []need{method("host")},
		run: func(t *trial) {
			l := t.worker()
			x := l.askForCall(1)
			l.awaitEnd(x)
			if x.err == nil {
				t.fail("an error, as there is no host to call", x.outcome())
			}
		},
	},
)

// askForCall asks the worker to call its host's method "conformance".
func (l *link) askForCall(v any) *exchange {
	return l.callMethod("host", map[string]any{"method": "conformance", "input": v})
}

// callHost makes the worker call that method, and waits for the call.
func (l *link) callHost(v any) (*exchange, *hostCall) {
	x := l.askForCall(v)
	return x, l.awaitHostCall()
}

// answerCall sends an Output of the host.
func (l *link) answerCall(call *hostCall, flags wire.Flags, p wire.Payload) {
	l.send(wire.Output{ID: call.id, Flags: flags, Payload: p}.Append(nil))
}

// awaitHostCall waits for a call of the worker's that was not answered yet, and all its Inputs.
func (l *link) awaitHostCall() *hostCall {
	var found *hostCall
	l.await("a call of the host", func() bool {
		for _, x := range l.hostCalls {
			if !x.over && !x.canceled && x.ended {
				found = x
				return true
			}
		}
		return false
	})
	return found
}
