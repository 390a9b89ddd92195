package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// How workers end, and what is said about it.

// shutdown sends Shutdown.
func (l *link) shutdown(grace time.Duration) {
	l.send(wire.Shutdown{Grace: grace, Reason: "a case of the conformance tests"}.Append(nil))
}

// awaitAck waits for so many acknowledgements in all, and returns the last one.
func (l *link) awaitAck(n int) ack {
	var last ack
	l.await(fmt.Sprintf("the ShutdownAck number %d", n), func() bool {
		if len(l.acks) < n {
			return false
		}
		last = l.acks[n-1]
		return true
	})
	return last
}

// awaitFarewell waits for Exiting, which may take d, and for the exit that it announces; both
// with that code.
func (l *link) awaitFarewell(d time.Duration, code int) {
	l.awaitFor(d, "Exiting", func() bool { return l.exiting != nil })
	l.mu.Lock()
	bye := *l.exiting
	l.mu.Unlock()
	if bye.Code != code {
		l.t.fail(fmt.Sprintf("Exiting with the code %d", code), fmt.Sprintf("the code %d", bye.Code))
	}
	e := l.awaitExit(0)
	l.awaitLinkEnd()
	if e.State != process.Exited || e.Code != bye.Code {
		l.t.fail(fmt.Sprintf("the exit status %d, which Exiting has told", bye.Code), e.String())
	}
}

// awaitLinkEnd reads what a worker that has exited had sent.
func (l *link) awaitLinkEnd() {
	if l.wait(l.t.bound(0), func() bool { return l.ended }) == timedOut {
		l.t.overdue("the end of the link with that of the worker", "a link that something still holds open")
	}
}

// sigterm sends SIGTERM, which asks the worker to shut down by itself.
func (l *link) sigterm() {
	l.mu.Lock()
	l.signaled = true
	l.mu.Unlock()
	l.signal(sigTerm)
}

// orphanTime is how long a worker has to exit once its host is gone.
const orphanTime = time.Second

// awaitOrphaned waits for the exit of a worker whose host is gone.
func (l *link) awaitOrphaned() {
	limit := orphanTime + l.slack()
	if l.info == nil { // it has to start before it can see that
		limit = max(limit, l.t.bound(orphanTime))
	}
	if !l.exits(limit) {
		l.t.overdue(fmt.Sprintf("an exit within %v of the end of the link", orphanTime), fmt.Sprintf("a worker that still runs after %v", limit.Round(100*time.Millisecond)))
	}
	switch e := l.report(); {
	case e.State == process.Exited && e.Code == 0:
		l.t.fail("an exit status that is not 0, since the host is gone", "the exit status 0")
	case e.State != process.Exited:
		l.t.fail("an exit with a status", e.String())
	case e.Code != wire.ExitOrphaned:
		l.t.warn("it exits with %d when the host is gone; %d says so", e.Code, wire.ExitOrphaned)
	}
}

// slack is how much later than it should a worker may do something, because the machine is
// busy. A machine on which a start takes long may be as late with all else.
func (l *link) slack() time.Duration { return 500*time.Millisecond + max(l.took, l.t.took) }

// awaitLastWords waits for what a worker has to do within 1 s of the end of a grace of which d
// is left: it ends what is open and sends Exiting. Then it exits.
func (l *link) awaitLastWords(d time.Duration, open *exchange) {
	limit := d + lastWords + l.slack()
	done := func() bool { return open.over && l.exiting != nil }
	switch l.wait(limit, done) {
	case brokenOff:
		l.t.fail("an END, and Exiting", l.endOfLink())
	case timedOut:
		l.t.overdue(fmt.Sprintf("an END and Exiting within %v of the end of the grace", lastWords), fmt.Sprintf("not both within %v; %s", limit, l.lately()))
	}
	l.awaitError(open, wire.CodeCanceled)
	l.awaitFarewell(0, 0)
}

// lines are the lines of a text that are not empty.
func lines(text []byte) []string {
	var all []string
	for _, line := range strings.Split(string(text), "\n") {
		if strings.TrimSpace(line) != "" {
			all = append(all, line)
		}
	}
	return all
}
