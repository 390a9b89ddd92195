package peer

import (
	"context"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// A link in memory whose callers can read for themselves. In a bubble all its waits are
// durable, so that time passes there only while nobody can go on: whoever waits for the end
// of a wait that need not have been, be it that of the watch or of a reader, is seen at once
// as time that has passed.

// fakeWait is how long ReadSoon and WaitSoon of the link wait.
const fakeWait = 4 * time.Millisecond

// fakeSize is how many bytes one direction of the link holds.
const fakeSize = 208 << 10

// fakePipe is one direction.
type fakePipe struct {
	readable, writable chan struct{} // hold a token when there is something to look at
	mu                 sync.Mutex
	bytes              []byte
	piece              int // at most so many bytes are read at a time; 0: any number
	size               int
	ended              bool // by the writer
	refused            bool // by the reader
}

func newFakePipe() *fakePipe {
	return &fakePipe{readable: make(chan struct{}, 1), writable: make(chan struct{}, 1), size: fakeSize}
}

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (p *fakePipe) tryRead(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.refused:
		return 0, os.ErrClosed
	case len(p.bytes) == 0 && p.ended:
		return 0, io.EOF
	case p.piece > 0 && len(b) > p.piece:
		b = b[:p.piece]
	}
	n := copy(b, p.bytes)
	p.bytes = p.bytes[n:]
	if n > 0 {
		token(p.writable)
	}
	if len(p.bytes) > 0 {
		token(p.readable)
	}
	return n, nil
}

func (p *fakePipe) tryWrite(bufs [][]byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ended:
		return 0, os.ErrClosed
	case p.refused:
		return 0, io.ErrClosedPipe
	}
	for _, b := range bufs {
		b = b[:min(len(b), p.size-len(p.bytes))]
		p.bytes = append(p.bytes, b...)
		n += len(b)
	}
	if n > 0 {
		token(p.readable)
	}
	return n, nil
}

// ready reports whether there is something to read, and whether there is room.
func (p *fakePipe) ready() (something, room bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	over := p.ended || p.refused
	return over || len(p.bytes) > 0, over || len(p.bytes) < p.size
}

func (p *fakePipe) end(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if refuse {
		p.refused = true
	} else {
		p.ended = true
	}
	token(p.readable)
	token(p.writable)
}

// only sees to it that one goroutine at a time does something.
type only struct{ busy atomic.Int32 }

func (o *only) enter(what string) {
	if !o.busy.CompareAndSwap(0, 1) {
		panic("two goroutines at a time " + what)
	}
}

func (o *only) leave() { o.busy.Store(0) }

// fakeDirect is one end. It panics if it is used as transport.Direct forbids.
type fakeDirect struct {
	in, out           *fakePipe
	reads, writes     only
	waitsSoon, others atomic.Int32
	soon, parked      atomic.Int64 // how often a goroutine waited for a time, and for ever
}

var _ transport.Direct = (*fakeDirect)(nil)

func newFakeDirect() (a, b *fakeDirect) {
	ab, ba := newFakePipe(), newFakePipe()
	return &fakeDirect{in: ba, out: ab}, &fakeDirect{in: ab, out: ba}
}

// directly is the link.
func directly(testing.TB) (parent, child transport.Conn) {
	a, b := newFakeDirect()
	return a, b
}

// narrow is the link with room for just so many bytes, of which so many are read at a time.
func narrow(room, piece int) link {
	return func(testing.TB) (parent, child transport.Conn) {
		a, b := newFakeDirect()
		for _, p := range []*fakePipe{a.in, a.out} {
			p.size, p.piece = room, piece
		}
		return a, b
	}
}

// waits counts a method that waits, other than WaitSoon.
func (d *fakeDirect) waits() (done func()) {
	d.others.Add(1)
	if d.waitsSoon.Load() > 0 {
		panic("somebody waits for one direction during WaitSoon")
	}
	return func() { d.others.Add(-1) }
}

func (d *fakeDirect) TryRead(b []byte) (int, error) {
	d.reads.enter("read")
	defer d.reads.leave()
	runtime.Gosched() // what could happen meanwhile may
	return d.in.tryRead(b)
}

func (d *fakeDirect) Read(b []byte) (int, error) {
	d.reads.enter("read")
	defer d.reads.leave()
	defer d.waits()()
	for {
		if n, err := d.in.tryRead(b); n > 0 || err != nil {
			return n, err
		}
		d.parked.Add(1)
		<-d.in.readable
	}
}

func (d *fakeDirect) ReadSoon(b []byte) (int, error) {
	d.reads.enter("read")
	defer d.reads.leave()
	defer d.waits()()
	t := time.NewTimer(fakeWait)
	defer t.Stop()
	for {
		if n, err := d.in.tryRead(b); n > 0 || err != nil {
			return n, err
		}
		d.soon.Add(1)
		select {
		case <-d.in.readable:
		case <-t.C:
			return 0, nil
		}
	}
}

func (d *fakeDirect) WaitSoon() error {
	d.reads.enter("read")
	defer d.reads.leave()
	d.waitsSoon.Add(1)
	defer d.waitsSoon.Add(-1)
	if d.others.Load() > 0 {
		panic("WaitSoon while somebody waits for one direction")
	}
	t := time.NewTimer(fakeWait)
	defer t.Stop()
	for {
		d.in.mu.Lock()
		closed := d.in.refused
		d.in.mu.Unlock()
		if closed {
			return os.ErrClosed
		}
		something, _ := d.in.ready()
		if _, room := d.out.ready(); something || room {
			return nil
		}
		select {
		case <-d.in.readable:
		case <-d.out.writable:
		case <-t.C:
			return nil
		}
	}
}

func (d *fakeDirect) TryWrite(bufs [][]byte) (int, error) {
	d.writes.enter("write")
	defer d.writes.leave()
	runtime.Gosched() // what could happen meanwhile may
	return d.out.tryWrite(bufs)
}

func (d *fakeDirect) WaitWritable() error {
	d.writes.enter("write")
	defer d.writes.leave()
	defer d.waits()()
	for {
		if _, room := d.out.ready(); room {
			return nil
		}
		<-d.out.writable
	}
}

func (d *fakeDirect) Close() error {
	d.out.end(false)
	d.in.end(true)
	return nil
}

// inBubble runs a test with a parent and a child over such a link, and with enough processors
// for any reader to wait on its thread.
func inBubble(t *testing.T, ofParent, ofChild setup, test func(t *testing.T, parent, child *Peer)) {
	t.Helper()
	inBubbleOver(t, directly, 8, ofParent, ofChild, test)
}

func inBubbleOver(t *testing.T, l link, procs int, ofParent, ofChild setup, test func(t *testing.T, parent, child *Peer)) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	synctest.Test(t, func(t *testing.T) {
		parent, child := l.peersWith(t, ofParent, ofChild)
		time.Sleep(time.Second) // so that nothing is as it is at the beginning
		test(t, parent, child)
	})
}

// takes checks how much time f takes in a bubble: exactly the time that something sleeps.
func takes(t *testing.T, why string, want time.Duration, f func()) {
	t.Helper()
	from := time.Now()
	takesAtMost(t, why, want, f)
	if d := time.Since(from); d < want {
		t.Errorf("%s: it takes %v; want %v", why, d, want)
	}
}

// takesAtMost checks that f takes no more time than that. If it does, it tells what everybody
// waits for at that moment.
func takesAtMost(t *testing.T, why string, most time.Duration, f func()) {
	t.Helper()
	from := time.Now()
	defer time.AfterFunc(most+1, func() {
		buf := make([]byte, 1<<20)
		t.Logf("%s: what everybody waits for after %v:\n%s", why, most, buf[:runtime.Stack(buf, true)])
	}).Stop()
	f()
	if d := time.Since(from); d > most {
		t.Errorf("%s: it takes %v; want at most %v", why, d, most)
	}
}

// inBubbleRaw runs a test with a parent over such a link, whose other end is the test's.
func inBubbleRaw(t *testing.T, test func(t *testing.T, p *Peer, conn *fakeDirect)) {
	t.Helper()
	inBubbleRawWith(t, setup{}, test)
}

func inBubbleRawWith(t *testing.T, s setup, test func(t *testing.T, p *Peer, conn *fakeDirect)) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	synctest.Test(t, func(t *testing.T) {
		a, b := newFakeDirect()
		p := s.start(a)
		time.Sleep(time.Second)
		t.Cleanup(func() {
			b.Close()
			p.Close()
			<-p.Finished()
			checkOver(t, p)
		})
		test(t, p, b)
	})
}

// writeAll writes all of b, and waits while there is no room.
func writeAll(c transport.Conn, b []byte) {
	for len(b) > 0 {
		n, err := c.TryWrite([][]byte{b})
		if err == nil && n == 0 {
			err = c.WaitWritable()
		}
		if err != nil {
			return
		}
		b = b[n:]
	}
}

// rawCalls are calls whose other side is the test.
type rawCalls struct {
	t    *testing.T
	p    *Peer
	conn *fakeDirect
	in   *wire.Reader
}

// call makes a call, and returns its id when it has arrived.
func (r rawCalls) call(ctx context.Context, out any) (id uint64, done <-chan error) {
	r.t.Helper()
	c := make(chan error, 1)
	go func() { c <- r.p.Call(ctx, "m", nil, out) }()
	body, _, err := r.in.Next()
	if err != nil {
		r.t.Fatal(err)
	}
	m, err := wire.Parse(body)
	if err != nil {
		r.t.Fatal(err)
	}
	opening, err := m.Input()
	if err != nil {
		r.t.Fatal(err)
	}
	settle()
	return opening.ID, c
}

// answer answers one of them, with 7.
func (r rawCalls) answer(id uint64) { writeAll(r.conn, output(id, end, 7).Append(nil)) }

// freeRole makes calls until their callers read for themselves.
func (r rawCalls) freeRole() {
	r.t.Helper()
	freeRole(r.t, r.p, func() {
		id, done := r.call(context.Background(), nil)
		r.answer(id)
		if err := <-done; err != nil {
			r.t.Fatal(err)
		}
	})
}
