package pool

import (
	"context"
	"errors"
	"sync"

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
	tasks        sync.WaitGroup // slots, members that live, and the start of Reload's first
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
		worker:      measured(spec.Worker, spec.Recycle.Memory),
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
