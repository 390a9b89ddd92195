package conformance

import (
	"fmt"
	"time"

	"github.com/kinwire/kinwire/internal/deadline"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// slowStart is how long a start may take without a warning.
const slowStart = 3 * time.Second

var startCases = in("start", "2. Start",
	&definition{
		Case: Case{Name: "handshake", Section: "6. Handshake", About: "The worker starts, and answers Initialize with Initialized"},
		run: func(t *trial) {
			l := t.start(standard.hello())
			if l.info.Error != nil {
				t.fail("an Initialized without an error", "the error "+l.info.Error.Error(), l.infoFrame...)
			}
			t.venue.info, t.venue.took = l.info, l.took
			took := l.took
			for range 2 { // the machine may have stalled
				if took > slowStart {
					took = min(took, t.start(standard.hello()).took)
				}
			}
			if took > slowStart {
				t.warn("the start took %v; hosts give up after %v", took.Round(100*time.Millisecond), t.options.startTimeout())
			}
		},
	},
	&definition{
		Case: Case{Name: "no-transport", About: "Without KINWIRE_TRANSPORT the worker prints a line that says how to start it, and exits with 64"},
		run:  func(t *trial) { t.refusesToStart(transport.EnvVar) },
	},
	&definition{
		Case: Case{Name: "unknown-transport", About: "With a KINWIRE_TRANSPORT of another form the worker prints a line, and exits with 64"},
		run:  func(t *trial) { t.refusesToStart(transport.EnvVar + "=carrier:pigeon") },
	},
	&definition{
		Case: Case{Name: "closed-descriptor", About: "With a KINWIRE_TRANSPORT whose descriptor is no socket the worker prints a line, and exits with 64"},
		run:  func(t *trial) { t.refusesToStart(transport.EnvVar + "=fd:973") },
	},
	&definition{
		Case: Case{Name: "descriptors", About: "The worker makes the descriptors of the link close-on-exec, and on stdio moves them away from 0 and 1"},
		on:   standard,
		run:  func(t *trial) { t.worker().checkDescriptors() },
	},
	&definition{
		Case: Case{Name: "sigint", About: "The worker ignores SIGINT, which a terminal sends to host and worker alike"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for range 2 {
				l.signal(sigInt)
				l.rest(50 * time.Millisecond)
				l.alive()
			}
		},
	},
)

// refusesToStart holds what a program does that was not started by a host.
func (t *trial) refusesToStart(variable string) {
	p, err := process.Start(t.ctx, t.venue.worker.command(variable, &transport.ChildEnd{}))
	if err != nil {
		t.notStarted(err)
	}
	defer func() {
		p.Kill("the case is over")
		deadline.Await(p.Done(), process.EndTime+5*time.Second)
	}()
	limit := t.bound(2 * t.took)
	expected := fmt.Sprintf("an exit with %d, as no host has started it (%s)", wire.ExitUsage, variable)
	if !deadline.Await(p.Done(), limit) {
		t.overdue(expected, fmt.Sprintf("a process that still runs after %v", limit))
	}
	e := p.Exit()
	printed := lines(e.Stderr.Tail)
	switch {
	case e.State != process.Exited || e.Code != wire.ExitUsage:
		t.fail(expected, fmt.Sprintf("%v; it printed %s", e, quote(e.LastWords())))
	case len(e.Stdout.Tail) > 0:
		t.fail("nothing on standard output", quote(string(e.Stdout.Tail)))
	case len(printed) == 0:
		t.fail("a line on standard error that says how to start a worker", "nothing")
	case len(printed) > 1:
		t.warn("it prints %d lines where one should say how to start it", len(printed))
	}
}
