package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Monitor calls a function for each job of a store that has ended, until that has succeeded.
// Any number of monitors, in any number of processes, share the jobs of a store.
type Monitor struct {
	Store *Store // required

	// Handle deals with the end of a job. An error is an attempt that has failed; ErrBusy is
	// none, and means later. Its ctx ends with that of Run, and with the lease, after which
	// somebody else may be called for the job. If the host dies meanwhile, somebody is called
	// again. Required.
	Handle func(ctx context.Context, r Record) error

	// Session has only jobs with this label be dealt with. Empty: all.
	Session string
	// Policy is how often to try, and when.
	Policy Policy
	// Concurrency is how many calls of Handle there may be at a time. If zero or negative, 1.
	Concurrency int
	// OnError is told what goes wrong beside Handle: damaged jobs, a full disk. The same again
	// is not repeated. It may be called by several goroutines at a time. Nil: nobody is told.
	OnError func(error)
}

// lookRarely is how often a monitor looks if nothing is told, at the least.
const lookRarely = 5 * time.Second

// Run deals with jobs until ctx ends, and returns why when the calls of Handle have returned.
func (m Monitor) Run(ctx context.Context) error {
	if m.Store == nil || m.Handle == nil {
		return errors.New("a monitor needs a Store and a Handle")
	}
	w := &watcher{Monitor: m, places: make(chan struct{}, max(1, m.Concurrency)), freed: make(chan struct{}, 1)}
	notices := openNotices(m.Store.dir, withoutContent)
	defer notices.close()
	defer w.calls.Wait()
	for ctx.Err() == nil {
		wait := w.look(ctx)
		w.await(ctx, notices, wait)
	}
	return context.Cause(ctx)
}

// watcher is a Monitor at work.
type watcher struct {
	Monitor
	places chan struct{} // holds one for each call
	freed  chan struct{} // has room for one: a call has ended
	calls  sync.WaitGroup
	last   string // the job that was called for last
	told   string // the last error
}

// look calls Handle for all jobs that are due, as far as there are places, and returns when to
// look again.
func (w *watcher) look(ctx context.Context) time.Duration {
	pending, err := w.Store.Pending()
	w.tell(err)
	wait := lookRarely
	for _, r := range w.inTurn(pending) {
		if w.Session != "" && r.Session != w.Session || r.FollowUp.State != PendingFollowUp {
			continue
		}
		if next := r.FollowUp.NextTry; !next.IsZero() {
			wait = max(min(wait, next.Sub(w.Store.now().Wall)), soon)
			continue
		}
		select {
		case w.places <- struct{}{}:
			w.begin(ctx, r.ID)
		default:
			return wait // a call that ends makes it look again
		}
	}
	return wait
}

// inTurn returns records in the order in which they are looked at: those first that come after
// the last one that was called for, so that one that is always busy holds up no other.
func (w *watcher) inTurn(records []Record) []Record {
	i := slices.IndexFunc(records, func(r Record) bool { return r.ID > w.last })
	if i < 0 {
		return records
	}
	return slices.Concat(records[i:], records[:i])
}

// begin claims a job, and calls Handle if that is granted. It has a place.
func (w *watcher) begin(ctx context.Context, id string) {
	c, err := w.Store.Claim(id, w.Policy)
	if err != nil {
		<-w.places
		if !errors.Is(err, ErrNotDue) && !errors.Is(err, ErrNotFound) {
			w.tell(err)
		}
		return
	}
	w.last = id
	w.calls.Go(func() {
		w.call(ctx, c)
		<-w.places
		select {
		case w.freed <- struct{}{}:
		default:
		}
	})
}

// call calls Handle, and says how that went.
func (w *watcher) call(ctx context.Context, c *Claim) {
	leased, cancel := context.WithTimeout(ctx, w.Policy.withDefaults().Lease)
	defer cancel()
	err := w.Handle(leased, c.Record)
	switch {
	case err == nil:
		err = c.Ack()
	case errors.Is(err, ErrBusy), ctx.Err() != nil: // whoever ends the monitor wants no attempt to count
		err = c.Defer()
	default:
		err = c.Fail(err)
	}
	if err != nil && !errors.Is(err, ErrClaimLost) && w.OnError != nil {
		w.OnError(fmt.Errorf("job %s: %w", c.Record.ID, err))
	}
}

// await waits until something may be due.
func (w *watcher) await(ctx context.Context, n *notices, wait time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer close(stop)
	waiting.Go(func() {
		select {
		case <-w.freed:
			cancel()
		case <-stop:
		}
	})
	n.await(ctx, wait)
}

// tell tells of an error, unless it was the last one too.
func (w *watcher) tell(err error) {
	if err == nil {
		w.told = ""
		return
	}
	if text := err.Error(); text != w.told && w.OnError != nil {
		w.told = text
		w.OnError(err)
	}
}
