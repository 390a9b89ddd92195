package peer

import (
	"context"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// Config says how a peer behaves towards its owner.
type Config struct {
	// Side is which side of the link this is.
	Side wire.Side
	// Base is the context that the contexts of handlers derive their values from.
	Base context.Context
	// Handlers answer what the other side opens.
	Handlers exchange.Handlers
	// Control is given every message that is not of an exchange, in order, on the
	// goroutine that reads: it must not wait, and what it keeps of a message it copies.
	// An error ends the link.
	Control func(wire.Message) error
	// Spin is for how long a reader polls the link before it waits; 0 for not at all.
	Spin time.Duration
	// Panicked is told of a handler's panic before it is answered.
	Panicked func(method string, value any, stack []byte)
}

// Terms are what one side announced in the handshake.
type Terms struct {
	MaxFrame    int
	Window      int
	Concurrency int // how many exchanges the other side may have open; 0: any number
}

// Peer is one side of a link. Its methods may be called by any number of goroutines.
type Peer struct {
	side     wire.Side
	control  func(wire.Message) error
	panicked func(method string, value any, stack []byte)
	base     context.Context
	conn     transport.Conn
	direct   transport.Direct // conn, if it is one; nil if callers can't read for themselves
	methods  map[string]*method
	ended    chan struct{} // closed by endLocked
	made     time.Time
	finished chan struct{} // closed once no task is left
	ignored  atomic.Uint64

	// Owned by whoever has the read role.
	in   *wire.Reader
	spin spinner

	mu          sync.Mutex
	err         error // why the link has ended
	established bool
	refusing    bool // new exchanges are answered shutting_down
	ours        Terms
	theirs      Terms
	features    features
	table       map[uint64]*stream
	nextID      uint64
	serving     int   // exchanges of the other side that are open
	running     count // handlers, of exchanges that have ended as well
	places      places
	out         sender
	requests    []request             // not given to anybody yet
	spare       []*stream             // that nobody refers to any more
	buffer      *buffer               // the same, if there is one
	linger      func(int, int, error) // see Linger
	placed      placed

	// Who reads; see role.
	role      role
	turn      uint64    // counts the moves of role
	inline    *stream   // whose handler the reader runs
	reading   bool      // the holder of the role is in a short read, without the lock
	readDone  sync.Cond // that read is over
	followers waiters   // those who wait and could take the role
	passive   int       // how many wait who could not

	waking   waking
	promised bool // somebody writes what is queued before it waits or leaves
	recent   recent
	watch    watch

	tasks        int
	finishedOnce sync.Once
	readTask     func() // read, made once
	writeTask    func() // write
}

// waking is who is told of what has come. Only the holder of the read role appends to due, and
// only while held.
type waking struct {
	held       bool      // it deals with what it has read, and tells nobody before that is done
	due, spare []*waiter // those to be told; never the same array
}

// recent is what has happened of late. It only guesses what comes next: a wrong guess costs
// time, and never progress.
type recent struct {
	crowd     int           // how many were woken, or asked something, by what came last
	opened    int           // how many exchanges the other side has opened since
	came      int           // how many frames of exchanges since
	told      int           // how many were woken by what was read last
	asked     time.Duration // when the other side last opened an exchange
	yieldSkip int           // how often nobody is to yield
}

// watch is on whenever nobody is reading; see look.
type watch struct {
	timer *time.Timer
	on    bool
	seen  uint64 // Peer.turn as look saw it last
	still int    // how many times in a row it has seen that
}

// features are those in force.
type features struct{ credit, cancel, hostCall bool }

// New returns a peer that reads nothing until Start.
func New(conn transport.Conn, c Config) *Peer {
	p := &Peer{
		side:     c.Side,
		control:  c.Control,
		panicked: c.Panicked,
		conn:     conn,
		in:       wire.NewReader(conn),
		spin:     spinner{budget: c.Spin},
		made:     time.Now(),
		ended:    make(chan struct{}),
		finished: make(chan struct{}),
		methods:  make(map[string]*method, len(c.Handlers)),
		table:    map[uint64]*stream{},
		nextID:   1,
	}
	if c.Side == wire.Child {
		p.nextID = 2
	}
	if c.Base == nil {
		c.Base = context.Background()
	}
	for name, h := range c.Handlers {
		p.methods[name] = &method{name: name, handler: h, trial: firstTrial}
	}
	p.direct, _ = conn.(transport.Direct)
	p.base = context.WithValue(context.WithoutCancel(c.Base), insideKey{}, p)
	p.readTask, p.writeTask = p.read, p.write
	p.readDone.L, p.out.wrote.L = &p.mu, &p.mu
	p.out.conn, p.out.maxFrame = conn, wire.DefaultMaxFrame
	p.out.failed, p.out.wake = p.sendFailed, p.wakeLocked
	p.watch.timer = time.AfterFunc(time.Hour, p.look)
	p.watch.timer.Stop()
	countProcessors()
	return p
}

// Start begins to read. Until Establish only messages for Control may arrive.
func (p *Peer) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.startReadingLocked()
}

// Establish opens the link for exchanges, on the terms that the two sides announced. The
// owner calls it within the handshake: a parent from Control, with Initialized, and a child
// to send that, as the first message that goes out on these terms.
func (p *Peer) Establish(ours, theirs Terms, common []wire.Feature, first ...message) {
	p.in.SetLimit(ours.MaxFrame)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range first {
		p.out.urgentLocked(m)
	}
	defer p.flushLocked()
	p.established = true
	p.ours, p.theirs = ours, theirs
	p.features = features{
		credit:   slices.Contains(common, wire.FeatureCredit),
		cancel:   slices.Contains(common, wire.FeatureCancel),
		hostCall: slices.Contains(common, wire.FeatureHostCall),
	}
	p.places.limit = theirs.Concurrency
	p.out.maxFrame = theirs.MaxFrame
}

// Established reports whether the link is, or was, open for exchanges.
func (p *Peer) Established() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.established
}

// Send queues a message that is not of an exchange, ahead of all that are.
func (p *Peer) Send(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.urgentLocked(m)
	p.pushLocked() // whatever is promised
	p.attendLocked()
}

// TrySend queues a message in turn with those of exchanges, unless so much is queued
// already that it would have to wait. It reports whether it did.
func (p *Peer) TrySend(m message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out.fullLocked() {
		return false
	}
	_, err := p.out.queueLocked(m, byRoom)
	p.flushLocked()
	return err == nil
}

// SendLast queues a message behind all others and waits until the link has taken
// everything, or ctx ends. Nothing can be sent after it.
func (p *Peer) SendLast(ctx context.Context, m message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	seq, err := p.out.queueLocked(m, byRoom)
	if err != nil {
		return err
	}
	p.out.closed = true
	p.flushLocked()
	return p.waitWrittenLocked(ctx, seq)
}

// now is the time since the peer was made, which is cheaper to tell than the time of day.
func (p *Peer) now() time.Duration { return time.Since(p.made) }

// InFlight returns how many exchanges of the other side are open.
func (p *Peer) InFlight() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.serving
}

// Ignore counts a message that the owner has ignored.
func (p *Peer) Ignore() { p.ignored.Add(1) }

// Ignored returns how many messages have been ignored, as the protocol demands.
func (p *Peer) Ignored() uint64 { return p.ignored.Load() }

// Ended is closed once the link has ended: no more will be received, and every exchange of
// this side has failed.
func (p *Peer) Ended() <-chan struct{} { return p.ended }

// Err returns why the link has ended, or nil while it has not: io.EOF if the other side
// closed it, os.ErrClosed after Close, a *wire.Violation if it broke the protocol.
func (p *Peer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Close ends the link, unless it has ended, and closes the connection. It takes as long as
// that does; Finished tells when all is over.
func (p *Peer) Close() {
	p.end(errClosed)
	p.conn.Close()
}

// Retire ends the link for that reason, but leaves the connection open until Close: for the
// other side, which is about to leave, an end of file would mean that this side is gone.
func (p *Peer) Retire(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.endLocked(reason)
	}
}

// Finished is closed once the link has ended and its last goroutine, handlers included, has
// returned. A caller's goroutine that reads for all may still be on its way out of a call.
func (p *Peer) Finished() <-chan struct{} { return p.finished }

// errClosed is why a link has ended that this side closed.
var errClosed error = closed{}

type closed struct{}

func (closed) Error() string        { return "the link was closed on this side" }
func (closed) Is(target error) bool { return target == os.ErrClosed }

// end ends the link for that reason, unless it has ended already.
func (p *Peer) end(err error) {
	p.mu.Lock()
	first := p.err == nil
	if first {
		p.endLocked(err)
	}
	p.mu.Unlock()
	if first {
		p.conn.Close() // makes whoever reads or writes return
	}
}

// endLocked makes the one change from a link that works to one that has ended.
func (p *Peer) endLocked(err error) {
	p.err = err
	close(p.ended)
	p.out.failLocked(err)
	for _, x := range p.table {
		x.lostLocked(err)
	}
	p.places.failLocked()
	p.watch.timer.Stop()
	p.checkFinishedLocked()
}

// breakLocked ends the link, without the lock.
func (p *Peer) breakLocked(err error) {
	p.mu.Unlock()
	defer p.mu.Lock()
	p.end(err)
}
