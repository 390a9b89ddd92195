package conformance

import (
	"fmt"
	"slices"

	"github.com/kinwire/kinwire/wire"
)

// The method "" is all that cases need of a worker. One that says that it has none fails in one
// case, and not in all of those that call it.

// noEcho is why a case can't be tried on such a worker.
const noEcho = `the worker has no method "" that answers a value with that value`

// echoCase is the one that fails.
var echoCase = &definition{
	Case: Case{Name: "echo", About: "The method \"\" answers one value with that value"},
	on:   standard,
	run: func(t *trial) {
		l := t.worker()
		if !t.listsEcho() {
			t.fail(`a method "" that answers a value with that value, which most cases call`,
				fmt.Sprintf("a worker with the methods %q", l.info.Methods))
		}
		l.awaitValue(l.call("", "hello"), "hello")
		l.awaitValue(l.call("", map[string]any{"n": 1}), map[string]any{"n": 1})
	},
}

// listsEcho reports whether the worker may have the method "".
func (v *venue) listsEcho() bool {
	return v.info == nil || v.info.Methods == nil || slices.Contains(v.info.Methods, "")
}

// missedEcho reports whether the case has called the method "" of a worker that lists none.
func (t *trial) missedEcho() bool {
	return !t.listsEcho() && slices.ContainsFunc(t.talkedOn(), (*link).missedEcho)
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
