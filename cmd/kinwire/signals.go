package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// echoTime is how long after the first signal another one counts as the same.
const echoTime = 100 * time.Millisecond

// stops are the two stages of being told to stop: the first signal asks, the second insists.
// A third one is left to the system, which ends the process.
type stops struct {
	first, second context.Context // their causes name the signals
	signals       chan os.Signal
	quit, done    chan struct{}
}

// catchSignals takes over SIGINT and SIGTERM, until release. It also keeps SIGPIPE from
// ending the process, with a worker left behind: the write that it is about fails anyway.
// Signals are caught and not ignored, as the worker would inherit that.
func catchSignals() *stops {
	s := &stops{signals: make(chan os.Signal, 2), quit: make(chan struct{}), done: make(chan struct{})}
	var stopFirst, stopSecond context.CancelCauseFunc
	s.first, stopFirst = context.WithCancelCause(context.Background())
	s.second, stopSecond = context.WithCancelCause(context.Background())
	signal.Notify(s.signals, os.Interrupt, syscall.SIGTERM)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // for as long as the process lives
	go func() {
		defer close(s.done)
		if s.await("", stopFirst) && s.settle() && s.await("a second ", stopSecond) {
			signal.Reset(os.Interrupt, syscall.SIGTERM)
		}
	}()
	return s
}

// await waits for a signal, and reports whether it came before release.
func (s *stops) await(which string, stop context.CancelCauseFunc) bool {
	select {
	case sig := <-s.signals:
		stop(fmt.Errorf("%ssignal (%v)", which, sig))
		return true
	case <-s.quit:
		return false
	}
}

// settle drops what comes right behind the first signal and is the same one: timeout(1) and
// others send a signal to the process and then to its group. It reports whether that was
// over before release.
func (s *stops) settle() bool {
	over := time.NewTimer(echoTime)
	defer over.Stop()
	for {
		select {
		case <-s.signals:
		case <-over.C:
			return true
		case <-s.quit:
			return false
		}
	}
}

// release gives the signals back.
func (s *stops) release() {
	signal.Stop(s.signals)
	close(s.quit)
	<-s.done
}
