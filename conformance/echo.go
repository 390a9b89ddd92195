package conformance

import (
	"fmt"
	"slices"

	"github.com/kinwire/kinwire/wire"
)

// The method "" is all that cases need of a worker. One that lists none, and has none, fails in
// one case, and not in all of those that call it.

// noEcho is why a case can't be tried on such a worker.
const noEcho = `the worker has no method "" that answers a value with that value`

// echoCase is the one that fails.
var echoCase = &definition{
	Case: Case{Name: "echo", About: "The method \"\" answers one value with that value"},
	on:   standard,
	run: func(t *trial) {
		l := t.worker()
		x := l.call("", "hello")
		l.awaitEnd(x)
		if t.missedEcho() {
			t.fail(`a method "" that answers a value with that value, which most cases call`,
				fmt.Sprintf("%s from a worker with the methods %q", x.outcome(), l.info.Methods))
		}
		l.awaitValue(x, "hello")
		l.awaitValue(l.call("", map[string]any{"n": 1}), map[string]any{"n": 1})
	},
}

// missedEcho reports whether the case has called the method "" of a worker that neither lists nor
// has it. One that has it all the same is good enough.
func (t *trial) missedEcho() bool {
	lists := t.info == nil || t.info.Methods == nil || slices.Contains(t.info.Methods, "")
	return !lists && slices.ContainsFunc(t.talkedOn(), (*link).missedEcho)
}

func (l *link) missedEcho() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.exchanges {
		if x.method == "" && x.err != nil && x.err.Code == wire.CodeUnknownMethod {
			return true
		}
	}
	return false
}
