package conformance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// trial is one run of a case over one transport. It is for the goroutine that runs the case,
// which its failing methods leave by a panic that try alone recovers.
type trial struct {
	*venue
	ctx      context.Context
	shared   *stageWorker // nil for a case that starts its own workers
	links    []*link      // those it has started
	last     *link        // the one that it used last
	warnings []string
}

// failure is what went wrong.
type failure struct {
	expected, got string
	frame         []byte // the one in question, or nil
	overdue       bool   // it was waited for in vain
}

func (f failure) Error() string { return fmt.Sprintf("expected %s; got %s", f.expected, f.got) }

// skipped is why a case can't be tried.
type skipped struct {
	why    string
	notRun bool // there is no time left for it
}

// try runs a case, and leaves nothing of it behind but a worker that it shares.
func (s *suite) try(ctx context.Context, v *venue, d *definition, shared *stageWorker) (r Result) {
	t := &trial{venue: v, ctx: ctx, shared: shared}
	r = Result{Case: d.Case, Transport: v.transport, Verdict: Pass}
	begun := time.Now()
	defer func() {
		r.Warnings, r.Took = t.warnings, time.Since(begun)
	}()
	failed, without := t.chances(d)
	switch broken := t.seenInPassing(); {
	case failed == nil:
		failed = broken
	case broken == nil && d != echoCase && t.missedEcho():
		failed, without = nil, &skipped{why: noEcho}
	}
	switch {
	case failed != nil:
		if failed.overdue {
			s.lose()
		}
		r.Verdict, r.Why = Fail, oneLine(failed.Error())
		r.Expected, r.Got, r.Bytes = failed.expected, failed.got, dump(failed.frame)
		if t.last != nil {
			r.Frames = t.last.transcript()
		}
		if shared != nil {
			shared.close()
		}
		t.close()
		if t.last != nil {
			r.Stderr = t.last.lastWords()
		}
	case without != nil:
		r.Verdict, r.Why, r.NotRun = Skip, without.why, without.notRun
	}
	t.close()
	return r
}

// chances runs the case, and again if its failure may be due to the machine. A rule
// that is seen to be broken is not, whenever that is.
func (t *trial) chances(d *definition) (failed *failure, without *skipped) {
	const most = 5
	for chance := 1; ; chance++ {
		begun := time.Now()
		failed, without = t.attempt(d)
		late := d.within > 0 && time.Since(begun) >= d.within
		if failed == nil || !late || chance == most || t.ctx.Err() != nil || t.seenInPassing() != nil {
			return failed, without
		}
		t.close()
		t.links, t.warnings = nil, nil
	}
}

// attempt runs the case until it is over, or fails, or is skipped.
func (t *trial) attempt(d *definition) (failed *failure, without *skipped) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			failed = &r
		case skipped:
			without = &r
		default:
			panic(r)
		}
	}()
	if t.ctx.Err() != nil {
		t.outOfTime()
	}
	d.run(t)
	return nil, nil
}

// seenInPassing returns the first rule that a worker of this case was seen to break, whatever
// the case is about.
func (t *trial) seenInPassing() *failure {
	for _, l := range t.talkedOn() {
		if f := l.brokenRule(); f != nil {
			t.last = l
			return f
		}
	}
	return nil
}

// talkedOn returns the links that the case has talked on.
func (t *trial) talkedOn() []*link {
	if t.shared != nil && t.shared.link != nil {
		return append(slices.Clip(t.links), t.shared.link)
	}
	return t.links
}

// close ends the workers that are the case's own.
func (t *trial) close() {
	for _, l := range t.links {
		l.close()
	}
}

// fail ends the case: the rule is broken.
func (t *trial) fail(expected, got string, frame ...byte) {
	panic(failure{expected: expected, got: got, frame: frame})
}

// overdue ends the case: what was due has not come in time, unless the time of the whole run is
// over.
func (t *trial) overdue(expected, got string, frame ...byte) {
	if t.ctx.Err() != nil {
		t.outOfTime()
	}
	panic(failure{expected, got, frame, true})
}

// skip ends the case: it can't be tried.
func (t *trial) skip(format string, args ...any) { panic(skipped{why: fmt.Sprintf(format, args...)}) }

// outOfTime ends the case, since the time of the whole run is over: it fails if that is the
// worker's doing, who has let several wait before.
func (t *trial) outOfTime() {
	if !t.worn() {
		why := fmt.Sprintf("the time for all cases, %v, is over, although the worker has let few wait, if any: it starts slowly, or the machine is busy", t.options.budget())
		panic(skipped{why, true})
	}
	t.fail(fmt.Sprintf("all cases to be over within %v", t.options.budget()), "that time was up")
}

// warn notes what is allowed and yet not as it should be.
func (t *trial) warn(format string, args ...any) {
	t.warnings = append(t.warnings, fmt.Sprintf(format, args...))
}

// stageWorker is the worker that the cases of a stage share.
type stageWorker struct {
	on   stage
	link *link // nil while there is none
}

func (s *stageWorker) close() {
	if s.link != nil {
		s.link.close()
		s.link = nil
	}
}

// worker returns the worker that the case shares with others, and starts it if there is none.
func (t *trial) worker() *link {
	if t.shared.link == nil {
		t.start(t.shared.on.hello())
	}
	t.last = t.shared.link
	t.last.t = t
	return t.last
}

// start starts a worker, up to Initialized.
func (t *trial) start(hello wire.Initialize) *link { return t.startWith(hello.Append(nil)) }

// startWith starts a worker with that Initialize, up to Initialized.
func (t *trial) startWith(initialize []byte) *link {
	t.starts <- struct{}{}
	defer func() { <-t.starts }()
	l := t.launch()
	l.send(initialize)
	l.awaitInitialized(transfer(len(initialize)))
	return l
}
