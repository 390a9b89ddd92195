package conformance

import (
	"time"

	"github.com/kinwire/kinwire/wire"
)

var cancelCases = in("cancel", "10. Cancel",
	&definition{
		Case:  Case{Name: "waiting", About: "Cancel ends an exchange with one END, canceled, also while its values are still to come"},
		on:    standard,
		needs: []need{feature(wire.FeatureCancel)},
		run: func(t *trial) {
			l := t.worker()
			for range 3 {
				x := l.hold()
				l.cancel(x)
				l.awaitError(x, wire.CodeCanceled)
			}
			l.rest(quiet)
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "handler", About: "Cancel stops a handler: the exchange ends with canceled"},
		on:    standard,
		needs: []need{feature(wire.FeatureCancel), method("sleep")},
		run: func(t *trial) {
			l := t.worker()
			x := l.doze(time.Minute)
			l.rest(quiet) // so that it runs
			l.cancel(x)
			l.awaitError(x, wire.CodeCanceled)
		},
	},
	&definition{
		Case:  Case{Name: "place", About: "END of a canceled exchange frees its place"},
		on:    standard,
		needs: []need{feature(wire.FeatureCancel)},
		run: func(t *trial) {
			l := t.worker()
			for range l.parallel(200) + 10 {
				x := l.hold()
				l.cancel(x)
				l.awaitError(x, wire.CodeCanceled)
			}
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "crossing", About: "A Cancel that crosses END on its way is ignored"},
		on:    standard,
		needs: []need{feature(wire.FeatureCancel)},
		run: func(t *trial) {
			l := t.worker()
			for i := range 20 {
				x := l.call("", i)
				l.cancel(x)
				l.awaitEnd(x)
				if x.err != nil {
					l.awaitError(x, wire.CodeCanceled)
				}
				l.cancel(x) // and now it surely is
			}
			l.alive()
			l.echo()
		},
	},
	&definition{
		Case:  Case{Name: "waiting-outputs", About: "Cancel drops Outputs that wait for credit, and END still comes"},
		on:    tight,
		needs: []need{feature(wire.FeatureCancel), feature(wire.FeatureCredit)},
		run: func(t *trial) {
			l := t.worker()
			x := l.stalled()
			defer l.grantAgain()
			l.cancel(x)
			l.awaitError(x, wire.CodeCanceled)
		},
	},
	&definition{
		Case: Case{Name: "not-in-force", Section: "16. Violations", About: "Cancel is ignored without the feature"},
		on:   bare,
		run: func(t *trial) {
			l := t.worker()
			x := l.hold()
			l.send(wire.Cancel{ID: x.id, Reason: "not in force"}.Append(nil))
			l.alive()
			l.rest(quiet / 2)
			l.finish(x, "not canceled")
		},
	},
)

func (l *link) cancel(x *exchange) {
	l.send(wire.Cancel{ID: x.id, Reason: "no longer needed"}.Append(nil))
}
