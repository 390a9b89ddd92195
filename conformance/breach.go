package conformance

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// What becomes of a worker whose host breaks a rule.

// memoryLimit is how much memory a worker may take for a frame of a few bytes.
const memoryLimit = 1 << 30

// lastMoment is how long a worker that answers may still take to notice what was wrong.
const lastMoment = time.Second

// breach sends what breaks a rule, and then a Ping. A worker that goes on is lenient, which
// earns a warning; one that neither goes on nor exits fails, and so does one that crashes.
func (l *link) breach(b []byte, rules ...wire.Rule) {
	l.provoke(b)
	seq := l.nextSeq()
	l.send(wire.Ping{Seq: seq}.Append(nil))
	goesOn := func() bool {
		return slices.ContainsFunc(l.pongs, func(p pong) bool { return p.seq == seq })
	}
	switch l.wait(l.t.bound(0), goesOn) {
	case timedOut:
		l.t.overdue(fmt.Sprintf("an exit with %d, as the host has broken the rule %q", wire.ExitViolation, rules),
			fmt.Sprintf("a worker that has neither exited nor answered a Ping after %v", l.t.bound(0)), b...)
	case happened:
		if !l.exits(lastMoment) {
			l.t.warn("it goes on although the host has broken the rule %q", rules)
			return
		}
	}
	l.judge(l.awaitExit(0), rules)
}

// judge says how well a worker ended whose host has broken one of the rules.
func (l *link) judge(e *process.Exit, rules []wire.Rule) {
	switch {
	case e.State != process.Exited:
		l.t.fail(fmt.Sprintf("an exit with %d, as the host has broken the rule %q", wire.ExitViolation, rules), e.String())
	case e.MaxRSS > memoryLimit:
		l.t.fail("no memory for what a few bytes promise", fmt.Sprintf("%d MiB of memory", e.MaxRSS>>20))
	case e.Code != wire.ExitViolation:
		l.t.warn("it exits with %d after a breach of the rule %q; %d says so", e.Code, rules, wire.ExitViolation)
	}
	said := string(e.Stderr.Tail)
	if !slices.ContainsFunc(rules, func(rule wire.Rule) bool { return strings.Contains(said, string(rule)) }) {
		l.t.warn("it prints no line with the name of the rule that was broken, %q", rules)
	}
}

// bytesOf turns an example as in SPEC.md into bytes: "92 03 64*91" has 64 bytes of 91.
func bytesOf(example string) []byte {
	var all []byte
	for _, word := range strings.Fields(example) {
		n := 1
		if times, unit, ok := strings.Cut(word, "*"); ok {
			n, _ = strconv.Atoi(times)
			word = unit
		}
		b, err := hex.DecodeString(word)
		if err != nil {
			panic(err)
		}
		all = append(all, slices.Repeat(b, n)...)
	}
	return all
}

// frameOf puts a length before a body.
func frameOf(body []byte) []byte { return withLength(body) }
