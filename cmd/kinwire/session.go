package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
)

const (
	// maxInFlight is how many inputs the worker has at a time, unless it wants fewer.
	maxInFlight = 16
	// stdoutLimit is how many bytes of answers may wait to be written.
	stdoutLimit = 64 << 10
	// farewell is how long results may take to be written once a second signal has come.
	farewell = time.Second
)

// session is one `kinwire run`: a worker, the inputs on their way to it, and the answers on
// their way back.
type session struct {
	runOptions
	stdin    *os.File
	stdout   *lineWriter
	console  *console
	progress *progress
	stops    *stops
	log      *zap.Logger
	failed   atomic.Bool
}

// runSession runs a worker until the inputs end or a signal comes. It returns errFailed or
// nil.
func runSession(o runOptions, stdin, stdout, stderr *os.File) error {
	stops := catchSignals()
	defer stops.release()
	s := &session{
		runOptions: o,
		stdin:      stdin,
		stdout:     newLineWriter(stdout, stdoutLimit),
		console:    newConsole(stderr),
		progress:   newProgress(),
		stops:      stops,
	}
	s.log = s.logger()
	if s.showsProgress(stdout, stderr) {
		s.progress.showOn(s.console)
	}
	s.run()
	s.progress.stop()
	s.flush()
	s.awaitUnlessKilled(s.console.close())
	if s.failed.Load() || stops.second.Err() != nil {
		return errFailed
	}
	return nil
}

// flush waits until all answers are written, and tells why they could not be. That somebody
// has read enough goes without saying.
func (s *session) flush() {
	s.stdout.finish()
	s.awaitUnlessKilled(s.stdout.done)
	err := s.stdout.failure()
	if err == nil {
		return
	}
	s.failed.Store(true)
	if !isBrokenPipe(err) {
		s.fail(fmt.Errorf("standard output: %w", err))
	}
}

func (s *session) run() {
	worker, err := parent.Start(s.stops.first, s.spec())
	switch {
	case err == nil:
		s.runWith(worker)
	case s.stops.first.Err() != nil:
		s.fail(fmt.Errorf("%v, before the worker had started", context.Cause(s.stops.first)))
	case isTerminal(s.stdin): // nobody wants to type what will fail
		s.fail(err)
	default:
		s.fail(err)
		s.awaitUnlessKilled(s.answer(notStarted{err}, maxInFlight))
	}
}

// runWith answers the inputs, and shuts the worker down.
func (s *session) runWith(worker *parent.Worker) {
	quiet := context.AfterFunc(s.stops.first, func() {
		s.log.Info(fmt.Sprintf("%v: the worker is shut down, and a second signal kills it", context.Cause(s.stops.first)))
	})
	defer quiet()
	inFlight := maxInFlight
	if most := worker.Info().Concurrency; most > 0 {
		inFlight = min(inFlight, most)
	}
	answered := s.answer(worker, inFlight)
	if err := worker.Shutdown(s.stops.second); err != nil {
		s.log.Warn("the worker did not end as it should: " + err.Error())
	}
	s.awaitUnlessKilled(answered)
}

// answer sends inputs to the worker, or whatever stands for it, and prints the answers,
// until the inputs end, a signal comes or standard output is broken. What it returns is
// closed when the last answer is printed.
func (s *session) answer(worker exchange.Caller, inFlight int) (answered <-chan struct{}) {
	p := s.startPipeline(worker, inFlight)
	select {
	case <-p.answered:
	case <-s.stops.first.Done():
	case <-s.stdout.broken:
		p.cancel() // nobody wants to know the answers any more
	}
	p.stop()
	return p.answered
}

// awaitUnlessKilled waits for the end of something, for farewell at most if a second signal
// has come.
func (s *session) awaitUnlessKilled(end <-chan struct{}) {
	select {
	case <-end:
		return
	case <-s.stops.second.Done():
	}
	select {
	case <-end:
	case <-time.After(farewell):
	}
}

// fail tells what no input is to blame for.
func (s *session) fail(err error) {
	s.failed.Store(true)
	s.console.tell(err)
}

func (s *session) spec() parent.Spec {
	link, _ := s.link() // these were checked
	level, _ := s.level()
	config, _ := s.configValue()
	return parent.Spec{
		Command:      s.command,
		Transport:    link,
		Config:       config,
		Logger:       s.log,
		LogLevel:     level,
		StartTimeout: s.startTimeout,
		Spin:         s.spin,
	}
}

func (s *session) logger() *zap.Logger {
	if s.quiet {
		return zap.NewNop()
	}
	level, _ := s.level() // was checked
	return newLogger(s.console, level)
}

// showsProgress reports whether there is somebody to see the progress, and nothing that it
// would get in the way of.
func (s *session) showsProgress(stdout, stderr *os.File) bool {
	return !s.quiet && isTerminal(stderr) && !isTerminal(s.stdin) && !isTerminal(stdout)
}

// notStarted stands for a worker that did not start.
type notStarted struct{ err error }

var _ exchange.Caller = notStarted{}

func (n notStarted) Call(context.Context, string, any, any) error { return n.err }

func (n notStarted) Open(context.Context, string, any) (exchange.Exchange, error) {
	return nil, n.err
}
