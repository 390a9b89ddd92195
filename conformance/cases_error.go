package conformance

import "github.com/kinwire/kinwire/wire"

var errorCases = in("error", "9. Errors",
	&definition{
		Case:  Case{Name: "own-code", About: "A handler's error comes with its code and its message"},
		on:    standard,
		needs: []need{method("fail")},
		run: func(t *trial) {
			l := t.worker()
			for _, code := range []wire.Code{"conformance.own", wire.CodeFailed, wire.CodeBadInput} {
				x := l.callMethod("fail", map[string]any{"code": code, "message": "a message"})
				l.awaitError(x, code)
				if x.err.Message != "a message" {
					t.fail("the message \"a message\"", quote(x.err.Message))
				}
			}
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "promises", About: "A handler can't promise that no handler ran: failed is sent for its unknown_method, overloaded or shutting_down"},
		on:    standard,
		needs: []need{method("fail")},
		run: func(t *trial) {
			l := t.worker()
			for _, code := range []wire.Code{wire.CodeUnknownMethod, wire.CodeOverloaded, wire.CodeShuttingDown} {
				l.awaitError(l.callMethod("fail", map[string]any{"code": code, "message": "not so"}), wire.CodeFailed)
			}
		},
	},
	&definition{
		Case:  Case{Name: "panic", About: "A handler that crashes is answered panicked, and the worker lives on"},
		on:    standard,
		needs: []need{method("panic")},
		run: func(t *trial) {
			l := t.worker()
			var other *exchange
			if l.parallel(2) == 2 {
				other = l.hold()
			}
			l.awaitError(l.callMethod("panic", "as it was asked to"), wire.CodePanicked)
			if other != nil {
				l.finish(other, "still here")
			}
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "bad-input", About: "A payload that a handler can't decode is answered, and with bad_input"},
		on:    standard,
		needs: []need{method("sleep")},
		run: func(t *trial) {
			l := t.worker()
			for _, v := range []any{"no map", map[string]any{"ms": "no number"}} {
				x := l.callMethod("sleep", v)
				l.awaitEnd(x)
				if x.err == nil || x.err.Code != wire.CodeBadInput {
					t.warn("the method \"sleep\" answers %v with %s, and not with bad_input", valueOf(encode(v)), x.outcome())
				}
			}
			l.echo()
		},
	},
)
