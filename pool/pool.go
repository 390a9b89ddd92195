package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
)

// Pool is many workers behind one [exchange.Caller]. Its methods may be called by any number
// of goroutines at a time, also after its end.
type Pool struct {
	spec        Spec
	watchesIdle bool          // somebody wants to know since when a worker has been idle
	starts      chan struct{} // holds one for each worker that is starting
	reloading   chan struct{} // holds one while Reload runs
	events      *events       // nil: nobody wants to know

	starting     context.Context // of all starts
	cancelStarts context.CancelFunc
	killed       context.Context // ends when a shutdown is cut short
	kill         context.CancelCauseFunc
	stopping     chan struct{}  // closed by close
	tasks        sync.WaitGroup // slots, and members that live
	done         chan struct{}

	mu            sync.Mutex
	closing       bool
	worker        parent.Spec // of the next start
	generation    int         // of worker
	slots         []*slot     // by number
	members       []*member   // those that serve, by the number of their slots
	spares        []*member
	line          line // of those who wait for whichever worker
	waiting       int  // there, for keys and for sessions
	waitingAlone  int  // of those, for sessions
	seq           uint64
	keys          keys
	stats         Stats
	lastErr       error // of the last failure of a place
	endErrs       []error
	changed       chan struct{} // closed at the next change, if anybody waits for it
	isReady       bool          // the minimum has been there
	ready         chan struct{} // closed when it has
	startFailures int           // in a row, of all slots
	despair       error         // why the start is given up
	despaired     chan struct{} // closed once it is set
}

var _ exchange.Caller = (*Pool)(nil)

// Start starts the workers of a pool, and returns once the minimum of them is ready. It
// fails when ctx ends before that, and for good when there is no hope: when a worker's
// program can't be run, is no worker, or has come to nothing 3 times in a row. The error is
// that of the last worker which failed: a *parent.StartError, or the *process.ExitError of
// one that died as soon as it was ready. Both quote its last words. Nothing is left then.
//
// After the start, ctx is of no account. Whoever starts a pool ends it, with [Pool.Shutdown].
func Start(ctx context.Context, spec Spec) (*Pool, error) {
	p := newPool(spec)
	p.begin()
	var err error
	select {
	case <-p.ready:
		return p, nil
	case <-p.despaired:
		err = p.despair
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	p.close()
	p.kill(errors.New("the pool could not be started"))
	<-p.done
	return nil, err
}

func newPool(spec Spec) *Pool {
	p := &Pool{
		spec:        spec,
		worker:      spec.Worker,
		watchesIdle: spec.Recycle.Idle > 0 || spec.Size.idle() > 0 && spec.Size.max() > spec.Size.min(),
		starts:      make(chan struct{}, spec.starting()),
		reloading:   make(chan struct{}, 1),
		stopping:    make(chan struct{}),
		ready:       make(chan struct{}),
		despaired:   make(chan struct{}),
		done:        make(chan struct{}),
	}
	p.starting, p.cancelStarts = context.WithCancel(context.Background())
	p.killed, p.kill = context.WithCancelCause(context.Background())
	if spec.OnEvent != nil {
		p.events = newEvents(spec.OnEvent)
	}
	return p
}

// begin makes the first slots.
func (p *Pool) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.spec.Size.min() {
		p.addSlotLocked(serving)
	}
	for range p.spec.Size.Spares {
		p.addSlotLocked(spare)
	}
	p.readyLocked()
	go p.reap() // which ends with the pool, and closes done
}

// Call implements [exchange.Caller]: it calls the least busy worker, or waits for one. A
// worker's death is a *process.ExitError. A call of which nothing was sent when its worker
// died or asked to be replaced goes to another one; one of which anything was never does.
//
// While all workers have as many calls as they take, it waits its turn, as [Queue] bounds
// it. A call that has found no worker fails with the code overloaded, or shutting_down after
// Shutdown, or the error of its context; errors.Is(err, wire.ErrNotSent) holds for all.
func (p *Pool) Call(ctx context.Context, method string, in, out any) error {
	return p.call(ctx, want{}, method, in, out)
}

// Open implements [exchange.Caller]: it opens an exchange with the least busy worker, as
// Call does. The exchange counts as a call of its worker until the worker has ended it,
// whether anybody receives that or not.
func (p *Pool) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	return p.open(ctx, want{}, method, in)
}

func (p *Pool) call(ctx context.Context, want want, method string, in, out any) error {
	for try := 1; ; try++ {
		m, err := p.acquire(ctx, want)
		if err != nil {
			return err
		}
		err = m.w.Call(ctx, method, in, out)
		if again := p.release(m, err); !again || try == tries || ctx.Err() != nil {
			return err
		}
	}
}

func (p *Pool) open(ctx context.Context, want want, method string, in any) (exchange.Exchange, error) {
	for try := 1; ; try++ {
		m, err := p.acquire(ctx, want)
		if err != nil {
			return nil, err
		}
		x, err := m.w.Open(ctx, method, in)
		if err == nil {
			p.opened(m)
			return x, nil
		}
		if again := p.release(m, err); !again || try == tries || ctx.Err() != nil {
			return nil, err
		}
	}
}

// Ready waits, as a call does, until a worker has room, and fails as a call does that finds
// none. It takes nothing: whoever makes one call after another knows that the next one need
// not wait, unless others are quicker.
func (p *Pool) Ready(ctx context.Context) error {
	m, err := p.acquire(ctx, want{})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.returnLocked(m, want{})
	return nil
}

// opened hands the place of an exchange over to [member.linger], which counts it as well.
func (p *Pool) opened(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doneLocked(m, neutral)
}

// Shutdown ends the pool, and waits until it has: new and waiting calls fail with the code
// shutting_down, and all workers are shut down at the same time, each as Worker.Stop says. So
// what they work on has Stop.Grace to end. When ctx ends, they are killed at once.
//
// It returns what went wrong with workers that did not end in order. It may be called
// again, and after the end.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.close()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.kill(context.Cause(ctx))
		<-p.done
	}
	return errors.Join(p.endErrs...)
}

// Done is closed when the pool has ended and nothing of its workers is left.
func (p *Pool) Done() <-chan struct{} { return p.done }

// close begins the end.
func (p *Pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return
	}
	p.closing = true
	close(p.stopping)
	p.cancelStarts()
	for _, m := range slices.Concat(p.members, p.spares) {
		m.leaveLocked(CauseShutdown)
	}
	p.failLocked(errShuttingDown())
	for _, s := range p.slots {
		s.poke()
	}
	p.changedLocked()
}

// reap waits for the end of the pool.
func (p *Pool) reap() {
	<-p.stopping
	p.tasks.Wait()
	p.kill(nil) // what it holds
	p.events.close()
	close(p.done)
}

// bury takes note that a worker has ended, of which err is what Shutdown says.
func (p *Pool) bury(m *member, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var delay time.Duration
	if s := m.slot; s != nil {
		delay = s.buriedLocked(m, err)
	}
	p.stats.Ended++
	if m.cause == CauseDied {
		p.stats.Died++
		err = m.ended(err)
	}
	if m.cause == CauseShutdown && err != nil {
		p.endErrs = append(p.endErrs, err)
	}
	p.tellLocked(Event{Kind: Ended, Slot: m.number(), PID: m.w.PID(), Cause: m.cause, Err: err, Delay: delay})
	p.changedLocked()
}

// changedLocked wakes those who wait for the workers to be as they want.
func (p *Pool) changedLocked() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// awaitLocked waits, without the lock, for a change.
func (p *Pool) awaitLocked(ctx context.Context) error {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	changed := p.changed
	p.mu.Unlock()
	defer p.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
