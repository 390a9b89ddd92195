package peer

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/kinwire/kinwire/wire"
)

// stream is an exchange, on either side of it. It stands in Peer.table, and counts among
// those that may be open, from its opening Input up to its END: on the opener's side also
// while nobody waits for it any more, on the other also if its handler goes on. All of it
// from opening on is guarded by Peer.mu.
type stream struct {
	p      *Peer
	id     uint64
	ours   bool // opened by this side
	method string
	meta   wire.Meta
	ctx    context.Context // the caller's, or the handler's
	cancel context.CancelCauseFunc
	stop   func() bool // ends the watch over the caller's context

	opening uint64 // the number of the frame that opened it, if ours
	last    uint64 // the number of the last frame that this side has queued
	givenUp bool   // nobody waits for it any more
	in      inbound
	out     outbound
}

// inbound is the direction in which this side receives.
type inbound struct {
	queue   []item
	slot    [1]item       // what queue begins with, so that a call does not allocate one
	ready   chan struct{} // made by the first who waits
	end     error         // nil while more may come; io.EOF after the last value
	balance int64         // what the other side may still send
	granted int64         // consumed since the last Credit
	unread  int
}

// item is a value that has arrived and that nobody has received.
type item struct {
	payload wire.Payload
	size    int // what receiving it gives back to the balance
}

// cost is how much of wire.MaxUnread the item takes: about what it takes to keep it, so that
// values without any content are bounded as well.
func (v item) cost() int {
	const least = 64 // the item's own place in the queue, and what an allocation costs
	return max(len(v.payload), least)
}

// outbound is the direction in which this side sends.
type outbound struct {
	ready   chan struct{}
	balance int64
	ended   bool // the last frame is queued
}

func (p *Peer) newStreamLocked(id uint64, ours bool, ctx context.Context) *stream {
	x := &stream{p: p, id: id, ours: ours, ctx: ctx}
	x.in.queue = x.in.slot[:0]
	x.in.balance = int64(p.ours.Window)
	x.out.balance = int64(p.theirs.Window)
	p.table[id] = x
	return x
}

// Method returns what was called.
func (x *stream) Method() string { return x.method }

// Meta returns what came with the opening Input.
func (x *stream) Meta() wire.Meta { return x.meta }

// Recv waits for the next value.
func (x *stream) Recv() (wire.Payload, error) {
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	v, err := x.recvLocked()
	x.p.flushLocked()
	return v, err
}

// recvLocked waits, without the lock, for the next value. The caller flushes.
func (x *stream) recvLocked() (wire.Payload, error) {
	for len(x.in.queue) == 0 && x.in.end == nil {
		err := x.waitRecvLocked()
		if err != nil && len(x.in.queue) == 0 && x.in.end == nil {
			if x.ours {
				err = x.giveUpForLocked(err)
			}
			return nil, err
		}
	}
	if len(x.in.queue) == 0 {
		return nil, x.in.end
	}
	v := x.in.queue[0]
	x.in.queue[0] = item{}
	x.in.queue = x.in.queue[1:]
	if len(x.in.queue) == 0 {
		x.in.queue = x.in.slot[:0]
	}
	x.in.unread -= v.cost()
	x.consumedLocked(v.size)
	return v.payload, nil
}

// waitRecvLocked waits, without the lock, until something may have arrived.
func (x *stream) waitRecvLocked() error {
	if x.in.ready == nil {
		x.in.ready = make(chan struct{}, 1)
	}
	ready := x.in.ready
	x.p.flushLocked() // the credit, say, that the other side waits for
	x.p.mu.Unlock()
	defer x.p.mu.Lock()
	select {
	case <-ready:
		return nil
	case <-x.ctx.Done():
		return x.ctx.Err()
	}
}

// arrivedLocked takes the content of a frame of this direction: size is the frame's length,
// and kept says that the payload is the exchange's to keep. It returns a violation if the
// other side may not send it.
func (x *stream) arrivedLocked(flags wire.Flags, payload wire.Payload, size int, kept bool) error {
	if x.p.features.credit && !flags.Has(wire.FlagError) {
		if x.in.balance <= 0 {
			return wire.Violatef(wire.RuleCredit, "exchange %d: a frame of %d bytes at a balance of %d", x.id, size, x.in.balance)
		}
		x.in.balance -= int64(size)
	}
	x.deliverLocked(flags, payload, size, kept)
	return nil
}

// deliverLocked queues what a frame brought, and closes the direction if it is the last.
func (x *stream) deliverLocked(flags wire.Flags, payload wire.Payload, size int, kept bool) {
	switch {
	case flags.Has(wire.FlagError):
		if !kept {
			payload = bytes.Clone(payload)
		}
		x.endInLocked(wire.ParseError(payload))
		return
	case x.givenUp || x.in.end != nil:
		if !flags.End() {
			x.discardedLocked(size)
		}
	case flags.Has(wire.FlagEmpty):
		x.consumedLocked(size)
	default:
		if !kept {
			payload = bytes.Clone(payload)
		}
		v := item{payload: payload, size: size}
		x.in.queue = append(x.in.queue, v)
		x.in.unread += v.cost()
		x.wakeRecvLocked()
		// One value alone is bounded by its frame.
		if !x.p.features.credit && x.in.unread > wire.MaxUnread && len(x.in.queue) > 1 {
			x.floodedLocked()
			return
		}
	}
	if flags.End() {
		x.endInLocked(io.EOF)
	}
}

// endInLocked closes the direction in which this side receives. The first reason stays.
func (x *stream) endInLocked(reason error) {
	if x.in.end == nil {
		x.in.end = reason
		x.wakeRecvLocked()
	}
}

// wakeRecvLocked wakes whoever receives. A wake-up that nobody needs is harmless.
func (x *stream) wakeRecvLocked() {
	wake(x.in.ready)
}

// wake puts a token into c, unless there is one. Nobody waits if c is nil.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// endOutLocked closes the direction in which this side sends, and wakes whoever waits to.
func (x *stream) endOutLocked() {
	if !x.out.ended {
		x.out.ended = true
		wake(x.out.ready)
		x.p.out.notifyLocked()
	}
}

// floodedLocked ends an exchange with more unread than this side keeps, where no credit
// bounds it.
func (x *stream) floodedLocked() {
	x.in.queue = nil
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
		x.cancel(cause)
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
	p.flushLocked()
	err = x.waitSentLocked(seq, v)
	if err != nil {
		p.out.detachLocked(seq)
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
			err = p.out.waitLocked(x.ctx)
		case p.features.credit && x.out.balance <= 0:
			err = x.waitCreditLocked()
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// waitSentLocked waits, without the lock, until a payload that is sent by reference is
// written. If it fails, the sender takes the frame back or detaches it before it goes on.
func (x *stream) waitSentLocked(seq uint64, v value) error {
	s := &x.p.out
	if len(v.raw) <= copyLimit {
		return nil
	}
	var err error
	for err == nil && s.written <= seq {
		switch {
		case s.err != nil:
			err = s.err
		case x.givenUp:
			err = errEnded
		default:
			err = s.waitLocked(x.ctx)
		}
	}
	return err
}

// removeLocked takes an exchange that has ended out of the table, and gives its place back.
func (p *Peer) removeLocked(x *stream) {
	if p.table[x.id] != x {
		return
	}
	delete(p.table, x.id)
	if x.ours {
		p.freePlaceLocked()
		if x.stop != nil {
			x.stop()
		}
		return
	}
	p.serving--
}
