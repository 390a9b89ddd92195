package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/pool"
)

const (
	// maxInFlight is how many inputs a single worker has at a time, unless it wants fewer. Of
	// several workers each has one, so that a crash costs the input that has caused it, and
	// no other.
	maxInFlight = 16
	// aheadOfPrint is how many inputs for each worker may be sent, and not printed since an
	// earlier one is not answered.
	aheadOfPrint = 4
	// restartMax is the longest that is waited between two starts of a worker.
	restartMax = time.Second
	// stuck is how long a worker may go on with an input that was given up, until another takes
	// its place.
	stuck = time.Second
	// stdoutLimit is how many bytes of answers may wait to be written.
	stdoutLimit = 64 << 10
	// silence is how long a shutdown may take until somebody may wonder.
	silence = time.Second
	// farewell is how long results may take to be written once a second signal has come.
	farewell = time.Second
)

// session is one `kinwire run`: workers, the inputs on their way to them, and the answers on
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

// runSession runs workers until the inputs end or a signal comes. It returns errFailed or
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
	workers, err := pool.Start(s.stops.first, s.poolSpec())
	switch {
	case err == nil:
		s.runWith(workers)
	case s.stops.first.Err() != nil:
		s.fail(fmt.Errorf("%v, before the worker had started", context.Cause(s.stops.first)))
	case isTerminal(s.stdin): // nobody wants to type what will fail
		s.fail(err)
	default:
		s.fail(err)
		s.awaitUnlessKilled(s.answer(notStarted{err}, maxInFlight))
	}
}

// runWith answers the inputs, and shuts the workers down.
func (s *session) runWith(workers *pool.Pool) {
	quiet := context.AfterFunc(s.stops.first, func() {
		s.log.Info(fmt.Sprintf("%v: %s shut down, and a second signal kills %s",
			context.Cause(s.stops.first), s.numbered("the worker is", "the workers are"), s.numbered("it", "them")))
	})
	defer quiet()
	answered := s.answer(workers, max(maxInFlight, aheadOfPrint*s.workers))
	patience := time.AfterFunc(silence, func() {
		s.log.Info("waiting for " + s.numbered("the worker", "the workers") + " to shut down, for 10s and some more at the most")
	})
	defer patience.Stop()
	if err := workers.Shutdown(s.stops.second); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") { // one for each worker
			s.log.Warn("the worker did not end as it should: " + line)
		}
	}
	s.awaitUnlessKilled(answered)
}

// numbered returns what is right of one worker, or of several.
func (s *session) numbered(one, several string) string {
	if s.workers == 1 {
		return one
	}
	return several
}

// answer sends inputs to the workers, or whatever stands for them, and prints the answers,
// until the inputs end, a signal comes or standard output is broken. What it returns is
// closed when the last answer is printed.
func (s *session) answer(worker caller, inFlight int) (answered <-chan struct{}) {
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

// poolSpec has no breaker: an input that crashes its worker, and any number of them, must not
// keep the others from being answered. Workers that come to nothing end the wait all the same.
func (s *session) poolSpec() pool.Spec {
	spec := pool.Spec{
		Worker:    s.spec(),
		Size:      pool.Size{Min: s.workers},
		PerWorker: 1,
		Queue:     pool.Queue{Timeout: -1},
		Restart:   pool.Restart{Max: restartMax, Failures: -1},
		OnEvent:   s.restarted,
	}
	if s.workers == 1 {
		spec.PerWorker = maxInFlight
	}
	return spec
}

// restarted tells of workers that take the place of those that have died. Everything else is
// told by package parent.
func (s *session) restarted(e pool.Event) {
	if e.Kind == pool.Ended && e.Delay > 0 {
		s.log.Info("the worker is restarted", zap.Int("ended_pid", e.PID), zap.Duration("after", e.Delay.Round(time.Millisecond)))
	}
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
		Health:       parent.Health{Stuck: stuck},
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

// caller is what inputs are sent to.
type caller interface {
	exchange.Caller
	// Ready waits until an input can be sent.
	Ready(context.Context) error
}

// notStarted stands for workers that did not start.
type notStarted struct{ err error }

func (notStarted) Ready(context.Context) error { return nil }

func (n notStarted) Call(context.Context, string, any, any) error { return n.err }

func (n notStarted) Open(context.Context, string, any) (exchange.Exchange, error) {
	return nil, n.err
}
