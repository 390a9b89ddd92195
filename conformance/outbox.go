package conformance

import (
	"sync"
	"time"

	"github.com/kinwire/kinwire/transport"
)

// moment is how long a writer waits at least before a piece that is to arrive on its own.
const moment = time.Millisecond

// outbox writes to a link what it is given, in order, so that nobody has to wait for a worker
// that does not read.
type outbox struct {
	conn transport.Conn
	done chan struct{} // closed when nothing more will be written

	mu     sync.Mutex
	queue  []piece
	closed bool
	news   chan struct{}   // holds a token when the state has changed
	idle   []chan struct{} // to close once all is written
}

// piece is what goes in one write, if the link takes it.
type piece struct {
	b     []byte
	pause time.Duration // before it
}

func newOutbox(conn transport.Conn) *outbox {
	o := &outbox{conn: conn, done: make(chan struct{}), news: make(chan struct{}, 1)}
	go o.write() // ends with close, or with the link
	return o
}

func (o *outbox) put(b []byte)                           { o.add(piece{b: b}) }
func (o *outbox) putLater(b []byte, pause time.Duration) { o.add(piece{b, pause}) }

func (o *outbox) add(p piece) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, p)
	o.wakeLocked()
}

// empty returns what is closed once all that was put is written.
func (o *outbox) empty() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := make(chan struct{})
	if o.closed {
		close(c)
		return c
	}
	o.idle = append(o.idle, c)
	o.wakeLocked()
	return c
}

// close drops what is not written. The link must be closed already.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wakeLocked()
}

func (o *outbox) wakeLocked() {
	select {
	case o.news <- struct{}{}:
	default:
	}
}

func (o *outbox) write() {
	defer close(o.done)
	for {
		p, ok := o.next()
		if !ok {
			return
		}
		time.Sleep(p.pause)
		for len(p.b) > 0 {
			n, err := o.conn.TryWrite([][]byte{p.b})
			if err != nil {
				o.giveUp()
				return
			}
			if p.b = p.b[n:]; len(p.b) > 0 && o.conn.WaitWritable() != nil {
				o.giveUp()
				return
			}
		}
	}
}

// next waits for a piece. It is not ok once the outbox is closed.
func (o *outbox) next() (p piece, ok bool) {
	for {
		o.mu.Lock()
		if o.closed {
			o.mu.Unlock()
			o.giveUp()
			return piece{}, false
		}
		if len(o.queue) > 0 {
			p, o.queue = o.queue[0], o.queue[1:]
			o.mu.Unlock()
			return p, true
		}
		o.releaseLocked()
		o.mu.Unlock()
		<-o.news
	}
}

// giveUp lets go of those who wait: nothing more will be written.
func (o *outbox) giveUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.queue = true, nil
	o.releaseLocked()
}

func (o *outbox) releaseLocked() {
	for _, c := range o.idle {
		close(c)
	}
	o.idle = nil
}
