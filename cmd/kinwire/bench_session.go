package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/wire"
)

// bench is one `kinwire bench`: a worker, the load on it, and the report.
type bench struct {
	*session
	benchOptions
	picture picture // how to print the report, unless as JSON
	watched bool    // somebody is there to see the progress
}

// runBench measures a worker until all levels are done or a signal comes. It returns
// errFailed or nil.
func runBench(o benchOptions, stdout, stderr *os.File) error {
	stops := catchSignals()
	defer stops.release()
	b := &bench{
		session: &session{
			runOptions: o.shared,
			stdout:     newLineWriter(stdout, stdoutLimit),
			console:    newConsole(stderr),
			stops:      stops,
		},
		benchOptions: o,
		picture:      pictureFor(stdout),
		watched:      !o.shared.quiet && isTerminal(stderr),
	}
	b.log = b.logger()
	b.start()
	b.flush()
	b.awaitUnlessKilled(b.console.close())
	if b.failed.Load() || stops.second.Err() != nil {
		return errFailed
	}
	return nil
}

// start starts the worker, and has it measured.
func (b *bench) start() {
	worker, err := parent.Start(b.stops.first, b.spec())
	switch {
	case err == nil:
		b.measure(worker)
	case b.stops.first.Err() != nil:
		b.fail(fmt.Errorf("%v, before the worker had started", context.Cause(b.stops.first)))
	default:
		b.fail(err)
	}
}

// measure measures the worker, prints the report, and shuts the worker down.
func (b *bench) measure(worker *parent.Worker) {
	quiet := context.AfterFunc(b.stops.first, func() {
		b.log.Info(fmt.Sprintf("%v: the measuring ends, and a second signal kills the worker", context.Cause(b.stops.first)))
	})
	defer quiet()
	r := newReport(&b.benchOptions, worker.Info())
	r.levels, r.lost = b.climb(worker)
	r.interrupted = b.stops.first.Err() != nil
	b.print(r)
	if err := worker.Shutdown(b.stops.second); err != nil && r.lost == nil {
		b.log.Warn("the worker did not end as it should: " + err.Error())
	}
}

// climb measures one level after the other, until a signal comes or the worker ends, which is
// the error. A level in which no call has ended is left out.
func (b *bench) climb(worker *parent.Worker) (levels []load.Level, err error) {
	loop := load.Loop{Call: b.call(worker), Code: func(err error) string { return failureOf(err).Error.Code }}
	ladder := b.ladder(worker.Info().Concurrency)
	for i, inFlight := range ladder {
		if b.stops.first.Err() != nil || err != nil {
			break
		}
		stop := b.showLevel(i+1, len(ladder), inFlight)
		var level load.Level
		level, err = b.level(loop, inFlight)
		stop()
		if level.Calls+level.Failed() > 0 {
			levels = append(levels, level)
		}
	}
	return levels, err
}

// level measures one level, after a warm-up that does not count.
func (b *bench) level(loop load.Loop, inFlight int) (load.Level, error) {
	if _, err := loop.Run(b.stops.first, inFlight, b.warmUp()); err != nil {
		return load.Level{}, err
	}
	runtime.GC() // what came before is no business of this level
	b.log.Debug("measuring", zap.Int("in_flight", inFlight))
	return loop.Run(b.stops.first, inFlight, b.duration)
}

// call makes the call that is measured.
func (b *bench) call(worker exchange.Caller) func(context.Context, *wire.Payload) error {
	in, _ := b.payload() // was checked
	if b.timeout == 0 {
		return func(ctx context.Context, answer *wire.Payload) error {
			return worker.Call(ctx, b.method, in, answer)
		}
	}
	return func(ctx context.Context, answer *wire.Payload) error {
		ctx, cancel := context.WithTimeout(ctx, b.timeout)
		defer cancel()
		return worker.Call(ctx, b.method, in, answer)
	}
}

// showLevel shows which level is measured, until it is told to stop.
func (b *bench) showLevel(number, of, inFlight int) (stop func()) {
	if !b.watched {
		return func() {}
	}
	left := time.Duration(of-number+1) * (b.warmUp() + b.duration)
	return countDown(b.console, fmt.Sprintf("level %d of %d, %d in flight", number, of, inFlight), time.Now().Add(left))
}

// print prints the report, and tells what has failed.
func (b *bench) print(r report) {
	if r.lost != nil {
		b.fail(exitOf(r.lost))
	}
	if r.interrupted && len(r.levels) == 0 {
		b.fail(fmt.Errorf("%v, before anything was measured", context.Cause(b.stops.first)))
	}
	for _, l := range r.levels {
		if l.Failed() > 0 {
			b.failed.Store(true)
		}
	}
	// Why it can't be printed, the end of the session tells.
	if b.json {
		_ = b.stdout.print(r.appendJSON(nil))
	} else {
		_ = b.stdout.print(b.picture.draw(r))
	}
}
