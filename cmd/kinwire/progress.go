package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	// progressAfter is how long work must take for its progress to be shown.
	progressAfter = time.Second
	// progressEvery is how often it is shown again.
	progressEvery = 100 * time.Millisecond
)

// progress counts answers, and shows the counts on a terminal.
type progress struct {
	started time.Time
	quit    chan struct{} // nil: the counts are not shown
	done    chan struct{} // closed when nothing more is shown

	succeeded, failures atomic.Int64
}

func newProgress() *progress { return &progress{started: time.Now()} }

// showOn begins to show the counts, until stop.
func (p *progress) showOn(c *console) {
	p.quit, p.done = make(chan struct{}), make(chan struct{})
	go p.show(c)
}

// count counts an answer, or a failure.
func (p *progress) count(err error) {
	if err != nil {
		p.failures.Add(1)
	} else {
		p.succeeded.Add(1)
	}
}

// stop ends what showOn has begun, if it has.
func (p *progress) stop() {
	if p.quit != nil {
		close(p.quit)
		<-p.done
	}
}

func (p *progress) show(c *console) {
	defer close(p.done)
	defer c.clear()
	next := time.NewTimer(progressAfter)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			c.show(p.String())
			next.Reset(progressEvery)
		case <-p.quit:
			return
		}
	}
}

// String is what is shown, such as: 1200 done, 3 failed, 400/s
func (p *progress) String() string {
	succeeded, failed := p.succeeded.Load(), p.failures.Load()
	rate := float64(succeeded+failed) / time.Since(p.started).Seconds()
	return fmt.Sprintf("%d done, %d failed, %.0f/s", succeeded, failed, rate)
}

// newBar returns a spinner with a text behind it.
func newBar(to *lineWriter) *progressbar.ProgressBar {
	return progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(offering{to}),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionSetSpinnerChangeInterval(0), // it turns when it is shown again
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionUseANSICodes(true),
	)
}

// offering writes what there is room for.
type offering struct{ to *lineWriter }

func (o offering) Write(b []byte) (int, error) {
	o.to.offer(b)
	return len(b), nil
}
