package conformance

import (
	"fmt"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// longGrace is a grace that no case waits for.
const longGrace = time.Minute

var shutdownCases = in("shutdown", "14. Shutdown",
	&definition{
		Case: Case{Name: "idle", About: "Shutdown is acknowledged, and a worker with nothing to do sends Exiting with 0 and exits with it"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			l.echo()
			l.shutdown(longGrace)
			l.holdsInFlight(l.awaitAck(1), 0)
			l.awaitFarewell(0, 0)
		},
	},
	&definition{
		Case: Case{Name: "inputs-before", About: "Inputs that came before Shutdown get their results within the grace"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			var frames [][]byte
			n := l.parallel(20)
			for i := range n {
				frames = append(frames, input(uint64(2*i+1), wire.FlagEnd, "", nil, encode(i)))
			}
			frames = append(frames, wire.Shutdown{Grace: longGrace}.Append(nil))
			l.sendTogether(frames...)
			for i := range n {
				l.awaitValue(l.exchange(uint64(2*i+1)), i)
			}
			l.awaitAck(1)
			l.awaitFarewell(0, 0)
		},
	},
	&definition{
		Case:   Case{Name: "busy-handler", About: "Handlers run on within the grace, and their results are sent"},
		needs:  []need{method("sleep")},
		within: busy,
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := l.doze(busy)
			l.shutdown(longGrace)
			l.holdsInFlight(l.awaitAck(1), 1)
			l.awaitEnd(x)
			if x.err != nil {
				t.fail("the handler's result, as it is done within the grace", x.outcome())
			}
			l.awaitFarewell(0, 0)
		},
	},
	&definition{
		Case: Case{Name: "goes-on", About: "After Shutdown new exchanges are refused; open ones, Pings, and unknown types go on"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			var x, y *exchange
			x = l.hold()
			open := 1
			if l.parallel(2) == 2 {
				y, open = l.hold(), 2
			}
			l.shutdown(longGrace)
			l.holdsInFlight(l.awaitAck(1), open)
			l.alive()
			l.send(wire.AppendGrease(nil, 3))
			l.awaitError(l.call("", "too late"), wire.CodeShuttingDown)
			l.awaitError(l.begin(wire.FlagEnd, "conformance.no-such-method", timeout(0), nil), wire.CodeShuttingDown) // which comes before the other reasons
			if y != nil {
				l.finish(y, "in time")
			}
			l.alive()
			l.rest(quiet)
			l.finish(x, "the last one")
			l.awaitFarewell(0, 0)
		},
	},
	outlasts("grace-over", "When the grace is over what is open ends with canceled, and not before; Exiting comes within 1 s",
		(*link).hold, 700*time.Millisecond),
	outlasts("handler-over-grace", "A handler that is not done when the grace is over is ended with canceled",
		func(l *link) *exchange { return l.doze(time.Minute) }, 300*time.Millisecond).needing(method("sleep")),
	outlasts("shorter", "A second Shutdown replaces the grace, also by a shorter one, and is acknowledged",
		(*link).hold, longGrace, 200*time.Millisecond),
	&definition{
		Case:   Case{Name: "no-grace", About: "A Shutdown whose grace is missing has none: what is open ends with canceled at once"},
		within: lastWords,
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := l.hold()
			l.send(frameOf([]byte{0x91, byte(wire.TypeShutdown)}))
			l.awaitAck(1)
			l.awaitLastWords(0, x)
		},
	},
	&definition{
		Case:   Case{Name: "longer", About: "A second Shutdown replaces the grace, also by a longer one, and is acknowledged"},
		within: busy,
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := l.hold()
			l.sendTogether(wire.Shutdown{Grace: busy}.Append(nil), wire.Shutdown{Grace: longGrace}.Append(nil))
			l.awaitAck(2)
			l.rest(busy + lastWords)
			l.finish(x, "within the second grace")
			l.awaitFarewell(0, 0)
		},
	},
	&definition{
		Case: Case{Name: "sigterm-idle", Section: "2. Start", About: "SIGTERM is a Shutdown of the worker's own: it sends ShutdownAck unasked, then Exiting with 0, and exits with it"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			l.echo()
			l.sigterm()
			l.holdsInFlight(l.awaitAck(1), 0)
			l.awaitFarewell(termGrace, 0)
		},
	},
	&definition{
		Case:   Case{Name: "sigterm", Section: "2. Start", About: "After SIGTERM new exchanges are refused, and open ones have 2 s"},
		within: termGrace,
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := l.hold()
			var y *exchange
			if l.parallel(2) == 2 {
				y = l.hold()
			}
			l.alive()
			begun := time.Now()
			l.sigterm()
			l.awaitAck(1)
			if y != nil {
				l.awaitError(l.call("", "too late"), wire.CodeShuttingDown)
				l.finish(y, "in time")
			}
			l.alive()
			l.awaitLastWords(termGrace, x)
			l.holdsGrace(x.at.Sub(begun), termGrace)
		},
	},
	&definition{
		Case:   Case{Name: "sigterm-in-grace", About: "SIGTERM during a grace shortens it to 2 s at most"},
		within: termGrace,
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := l.hold()
			l.shutdown(longGrace)
			l.awaitAck(1)
			l.sigterm()
			l.awaitLastWords(termGrace, x)
		},
	},
	&definition{
		Case:   Case{Name: "asked-after-sigterm", About: "A Shutdown that answers an unasked ShutdownAck is acknowledged, and its grace counts"},
		within: termGrace,
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := l.hold()
			l.alive()
			l.sigterm()
			l.awaitAck(1)
			l.shutdown(longGrace)
			l.awaitAck(2)
			l.rest(termGrace + 500*time.Millisecond)
			l.finish(x, "within the second grace")
			l.awaitFarewell(lastWords, 0)
		},
	},
)

const (
	// termGrace is the grace of a worker's own Shutdown, on SIGTERM.
	termGrace = 2 * time.Second
	// lastWords is how long a worker may take from the end of the grace to Exiting.
	lastWords = time.Second
	// busy is how long a handler is at work, or a grace lasts, that further frames are to meet.
	busy = 500 * time.Millisecond
)

// outlasts defines a case in which what is open lasts longer than the grace, of which the last one
// counts.
func outlasts(name, about string, open func(*link) *exchange, graces ...time.Duration) *definition {
	return &definition{
		Case:   Case{Name: name, About: about},
		within: lastWords,
		run: func(t *trial) {
			l := t.start(standard.hello())
			x := open(l)
			var begun time.Time
			for i, grace := range graces {
				begun = time.Now()
				l.shutdown(grace)
				l.awaitAck(i + 1)
			}
			grace := graces[len(graces)-1]
			l.awaitLastWords(grace, x)
			l.holdsGrace(x.at.Sub(begun), grace)
		},
	}
}

// holdsInFlight holds how many exchanges an acknowledgement says are open.
func (l *link) holdsInFlight(a ack, want int) {
	if a.inFlight != want {
		l.t.fail(fmt.Sprintf("an in_flight of %d in ShutdownAck", want), fmt.Sprint(a.inFlight))
	}
}

// holdsGrace holds that a grace was left to what was open.
func (l *link) holdsGrace(took, grace time.Duration) {
	if took < grace-20*time.Millisecond {
		l.t.fail(fmt.Sprintf("canceled once the grace of %v is over", grace), fmt.Sprintf("it after %v", took.Round(time.Millisecond)))
	}
}
