package peer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// stream is an exchange, on either side of it. It stands in Peer.table, and counts among
// those that may be open, from its opening Input up to its END: on the opener's side also
// while nobody waits for it any more, on the other also if its handler goes on. All of it
// but began is guarded by Peer.mu.
type stream struct {
	p    *Peer
	id   uint64
	ours bool            // opened by this side
	ctx  context.Context // the caller's, or the handler's
	in   inbound
	out  outbound

	// Of an exchange that this side has opened.
	stop    func() bool   // ends the watch over the caller's context
	opening uint64        // the number of the frame that opened it
	last    uint64        // the number of the last frame that this side has queued
	givenUp bool          // nobody waits for it any more
	gaveUp  time.Duration // when, by Peer.now
	lingers lingering     // whether no Call waits for it

	// Of an exchange that the other side has opened.
	method    *method
	meta      wire.Meta
	request   *request
	buffer    *buffer       // what the first value is in, if it is large
	users     int           // goroutines in a verb of request
	began     time.Duration // when the handler did, by Peer.now
	linked    time.Duration // how long it has been busy with large values
	stolen    bool          // the watch has taken the read role from the handler
	serveTask func()        // serve, made once
}

// inbound is the direction in which this side receives.
type inbound struct {
	into    *[]byte // where whoever waits wants bytes, if anywhere
	wait    waiter
	queue   items
	memory  []byte // of values that are not large; see keepLocked
	decodes bool   // whoever receives has each value decoded, and keeps none as it is
	lent    bool   // memory holds a value that somebody has as it is
	end     error  // nil while more may come; io.EOF after the last value
	balance int64  // what the other side may still send
	granted int64  // consumed since the last Credit
	unread  int
}

// outbound is the direction in which this side sends.
type outbound struct {
	wait    waiter
	balance int64
	ended   bool // the last frame is queued
}

const (
	// spareStreams is how many streams a busy link keeps that nobody refers to, and
	// idleStreams how many an idle one does.
	spareStreams = 1 << 10
	idleStreams  = 1 << 6
	// fewStreams is how many of them keep their memory if it is more than smallMemory. The
	// most is mostMemory, which is what the reader holds.
	fewStreams  = 8
	smallMemory = 4 << 10
	mostMemory  = 64 << 10
)

// newStreamLocked returns a stream that is not in the table yet.
func (p *Peer) newStreamLocked() *stream {
	if n := len(p.spare); n > 0 {
		x := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return x
	}
	x := &stream{p: p}
	x.serveTask = x.serve
	return x
}

// trimLocked gives up what only a busy link needs.
func (p *Peer) trimLocked() {
	if len(p.spare) > idleStreams {
		clear(p.spare[idleStreams:])
		p.spare = p.spare[:idleStreams]
	}
}

// recycleLocked gives up a stream that nobody refers to.
func (x *stream) recycleLocked() {
	p, memory, meta := x.p, x.in.memory, x.meta
	p.releaseLocked(x.buffer)
	if len(p.spare) == spareStreams {
		return
	}
	if cap(memory) > smallMemory && len(p.spare) >= fewStreams {
		memory = nil
	}
	if cap(meta) > smallMemory {
		meta = nil
	}
	*x = stream{
		p:         p,
		serveTask: x.serveTask,
		in:        inbound{memory: memory[:0], wait: waiter{signal: x.in.wait.signal}},
		out:       outbound{wait: waiter{signal: x.out.wait.signal}},
		meta:      meta[:0],
	}
	p.spare = append(p.spare, x)
}

// enterLocked opens the exchange.
func (p *Peer) enterLocked(x *stream, id uint64, ctx context.Context) {
	x.id, x.ctx = id, ctx
	x.in.balance = int64(p.ours.Window)
	x.out.balance = int64(p.theirs.Window)
	p.table[id] = x
}

// recvLocked waits, without the lock, for the next value. The caller flushes.
func (x *stream) recvLocked() (item, error) {
	for x.in.queue.len() == 0 && x.in.end == nil {
		err := x.p.joinLocked(x.ctx, x, &x.in.wait)
		if err != nil && x.in.queue.len() == 0 && x.in.end == nil {
			if x.ours {
				err = x.giveUpForLocked(err)
			}
			return item{}, err
		}
	}
	if x.in.queue.len() == 0 {
		return item{}, x.in.end
	}
	v := x.in.queue.pop()
	x.in.unread -= v.cost()
	x.consumedLocked(v.size)
	return v, nil
}

// arrivedLocked takes the content of a frame of this direction. It returns a violation if
// the other side may not send it.
func (x *stream) arrivedLocked(flags wire.Flags, payload wire.Payload, a arrival) error {
	if x.p.features.credit && !flags.Has(wire.FlagError) {
		if x.in.balance <= 0 {
			return wire.Violatef(wire.RuleCredit, "exchange %d: a frame of %d bytes at a balance of %d", x.id, a.size, x.in.balance)
		}
		x.in.balance -= int64(a.size)
	}
	x.deliverLocked(flags, payload, a)
	return nil
}

// deliverLocked queues what a frame brought, and closes the direction if it is the last.
func (x *stream) deliverLocked(flags wire.Flags, payload wire.Payload, a arrival) {
	switch {
	case flags.Has(wire.FlagError):
		if !a.keeps(payload) || a.buffer != nil {
			payload = bytes.Clone(payload)
		}
		x.endInLocked(wire.ParseError(payload))
		return
	case x.givenUp || x.in.end != nil:
		if !flags.End() {
			x.discardedLocked(a.size)
		}
	case flags.Has(wire.FlagEmpty):
		x.consumedLocked(a.size)
	default:
		v := item{placed: a.placed, size: a.size}
		v.payload, v.lent = x.keepLocked(payload, a)
		x.in.queue.push(v)
		x.in.unread += v.cost()
		x.p.wakeLocked(&x.in.wait)
		// One value alone is bounded by its frame.
		if !x.p.features.credit && x.in.unread > wire.MaxUnread && x.in.queue.len() > 1 {
			x.floodedLocked()
			return
		}
	}
	if flags.End() {
		x.endInLocked(io.EOF)
	}
}

// keepLocked returns a payload that stays as it is for as long as the stream does, and
// whether no longer: the first value lies in memory that the stream's next life uses again.
// If values are decoded as they are received, so do the others, and that memory is used again
// as soon as all have been.
func (x *stream) keepLocked(p wire.Payload, a arrival) (kept wire.Payload, lent bool) {
	at := len(x.in.memory)
	switch {
	case a.keeps(p):
		return p, a.buffer != nil
	case at == 0 || x.in.decodes && at+len(p) <= mostMemory:
		x.in.memory = append(x.in.memory, p...)
		return x.in.memory[at:len(x.in.memory):len(x.in.memory)], true
	case x.in.decodes && len(p) <= smallMemory:
		// Values come faster than they are received: those that wait keep the old memory.
		x.in.memory = append(make([]byte, 0, mostMemory), p...)
		return x.in.memory[:len(p):len(p)], true
	}
	return bytes.Clone(p), false
}

// mayPlaceLocked reports whether the n bytes of the next value may go straight to where
// whoever waits wants them.
func (x *stream) mayPlaceLocked(f wire.Flags, n int) bool {
	return x.in.into != nil && n <= cap(*x.in.into) && x.p.direct != nil && !x.givenUp && x.in.end == nil &&
		x.in.queue.len() == 0 && !f.Has(wire.FlagError) && !f.Has(wire.FlagEmpty) && x.in.balance > 0
}

// endInLocked closes the direction in which this side receives. The first reason stays.
func (x *stream) endInLocked(reason error) {
	if x.in.end == nil {
		x.in.end = reason
		x.p.wakeLocked(&x.in.wait)
	}
}

// endOutLocked closes the direction in which this side sends, and wakes whoever waits to.
func (x *stream) endOutLocked() {
	if !x.out.ended {
		x.out.ended = true
		x.p.wakeLocked(&x.out.wait)
	}
}

// floodedLocked ends an exchange with more unread than this side keeps, where no credit
// bounds it.
func (x *stream) floodedLocked() {
	x.in.queue.clear()
	x.in.unread = 0
	why := fmt.Sprintf("more than %d bytes lie unread", wire.MaxUnread)
	if x.ours {
		x.endInLocked(flooded{wire.Errorf(wire.CodeOverloaded, "%s", why)})
		x.giveUpLocked(why)
	} else {
		x.failLocked(wire.Errorf(wire.CodeFailed, "%s", why)) // overloaded would say that no handler ran
	}
}

// lostLocked ends the exchange with its link.
func (x *stream) lostLocked(cause error) {
	if x.ours {
		x.endInLocked(&LostError{Sent: x.p.out.leftLocked(x.opening), Cause: cause})
	} else {
		// Not the cause itself: io.EOF would say that all of the request has come.
		x.endInLocked(wire.Errorf(wire.CodeCanceled, "the link has ended: %v", cause))
		x.request.cancel(cause)
	}
	x.endOutLocked()
	x.p.removeLocked(x)
}

// sendLocked queues one value of this side's direction, once credit and the queue allow it,
// and waits until a payload that is sent by reference is written.
func (x *stream) sendLocked(v value) error {
	p := x.p
	if err := x.waitTurnLocked(); err != nil {
		return err
	}
	from := len(p.out.bytes)
	if x.ours {
		p.out.bytes = wire.AppendMoreHead(p.out.bytes, x.id, v.flags(), v.size())
	} else {
		p.out.bytes = wire.AppendOutputHead(p.out.bytes, x.id, v.flags(), nil, v.size())
	}
	size := len(p.out.bytes) - from - wire.HeaderSize + v.size()
	seq, err := p.out.commitLocked(from, v, byRoom)
	if err != nil {
		return err
	}
	x.last = seq
	x.out.balance -= int64(size)
	if v.last {
		x.endOutLocked()
		if !x.ours {
			x.endInLocked(errEnded)
			p.removeLocked(x)
		}
	}
	if err = x.waitSentLocked(seq, v); err != nil {
		p.out.detachLocked(seq)
		p.flushLocked() // what came while it was this one who wrote
	}
	return err
}

// waitTurnLocked waits, without the lock, until the queue and the other side have room for
// one more value.
func (x *stream) waitTurnLocked() error {
	p := x.p
	for {
		var err error
		switch {
		case p.out.err != nil:
			return p.out.err
		case x.out.ended:
			return errEnded
		case p.out.fullLocked():
			err = p.waitRoomLocked(x.ctx, x)
		case p.features.credit && x.out.balance <= 0:
			err = p.joinLocked(x.ctx, x, &x.out.wait)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// waitSentLocked waits, without the lock, until a payload that is sent by reference is
// written, and sees to it that any other will be. If it fails, the sender takes the frame
// back or detaches it before it goes on.
func (x *stream) waitSentLocked(seq uint64, v value) error {
	p, s := x.p, &x.p.out
	if len(v.raw) <= copyLimit {
		x.flushLocked()
		return nil
	}
	began := p.now()
	defer func() { x.linked += p.now() - began }()
	p.pushLocked()
	w := x.out.wait.join()
	defer x.out.wait.leave(w)
	for s.written <= seq {
		switch {
		case s.err != nil:
			return s.err
		case x.givenUp:
			return errEnded
		}
		s.tellLocked(seq, w)
		w.forQueue = true
		err := p.awaitLocked(x.ctx, x, w)
		w.forQueue = false
		if err != nil {
			return err
		}
	}
	p.flushLocked()
	return nil
}

// flushLocked writes what the exchange has queued, or leaves it to the reader that runs its
// handler, and writes the replies of several at once.
func (x *stream) flushLocked() {
	if x.p.inline != x || x.p.role != roleInline {
		x.p.flushSoonLocked()
	}
}

// removeLocked takes an exchange that has ended out of the table, and gives its place back.
func (p *Peer) removeLocked(x *stream) {
	if p.table[x.id] != x {
		return
	}
	delete(p.table, x.id)
	if x.ours {
		p.freePlaceLocked()
		x.lingeredLocked()
		if x.stop != nil {
			x.stop()
		}
		return
	}
	p.serving--
}
