package peer

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

var (
	errNotYet  = errors.New("the worker is not initialised yet")
	errEnded   = errors.New("this direction of the exchange has ended")
	errTooMany = errors.New("more than one value came in answer to a call; open an exchange instead")
)

// Open implements [exchange.Caller].
func (p *Peer) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	v, err := encode(in)
	if err != nil {
		return nil, notSent{err}
	}
	x := &stream{p: p} // which is the caller's for good
	if err := p.open(ctx, x, method, v); err != nil {
		return nil, err
	}
	// Nobody may be waiting when the context ends.
	stop := context.AfterFunc(ctx, func() { x.giveUp(ctx.Err()) })
	p.mu.Lock()
	defer p.mu.Unlock()
	x.stop = stop
	if p.table[x.id] != x {
		stop()
	}
	x.lingersLocked(returnedByOpen)
	return opened{x}, nil
}

// open sends the opening Input of an exchange, and waits until a large payload is written.
func (p *Peer) open(ctx context.Context, x *stream, method string, v value) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.openLocked(ctx, x, method, v); err != nil {
		return err
	}
	err := x.waitSentLocked(x.opening, v)
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil: // the exchange has ended, maybe with the link
		p.out.detachLocked(x.opening)
		p.flushLocked()
		return nil
	}
	err = x.giveUpForLocked(ctx.Err())
	p.out.detachLocked(x.opening) // unless the frame was taken back
	if p.table[x.id] == x {
		x.lingersLocked(givenUpByCall)
	}
	p.flushLocked()
	return err
}

// openLocked enters an exchange in the table and queues its opening Input.
func (p *Peer) openLocked(ctx context.Context, x *stream, method string, v value) error {
	if err := p.mayOpenLocked(); err != nil {
		return err
	}
	if err := p.takePlaceLocked(ctx); err != nil {
		return err
	}
	err := p.queueOpeningLocked(ctx, x, method, v)
	if err != nil {
		p.freePlaceLocked()
	}
	return err
}

func (p *Peer) mayOpenLocked() error {
	switch {
	case p.err != nil:
		return &LostError{Cause: p.err}
	case !p.established:
		return notSent{errNotYet}
	case p.side == wire.Child && !p.features.hostCall:
		return wire.Errorf(wire.CodeUnknownMethod, "the host takes no calls")
	}
	return nil
}

// appendTimeout adds the meta that tells how much time is left, if that is limited.
func appendTimeout(dst []byte, ctx context.Context) (wire.Meta, error) {
	if err := ctx.Err(); err != nil {
		return nil, notSent{err}
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil, nil
	}
	left := time.Until(deadline)
	if left <= 0 {
		return nil, notSent{context.DeadlineExceeded}
	}
	return wire.AppendTimeout(dst, left), nil
}

func (p *Peer) queueOpeningLocked(ctx context.Context, x *stream, method string, v value) error {
	err := p.waitRoomLocked(ctx, x)
	switch {
	case p.out.err != nil:
		return &LostError{Cause: p.out.err}
	case err != nil:
		return notSent{err}
	}
	var room [32]byte
	meta, err := appendTimeout(room[:0], ctx) // after all waiting
	if err != nil {
		return err
	}
	if p.nextID > wire.MaxID {
		return notSent{errors.New("all ids of this link are used up")}
	}
	from := len(p.out.bytes)
	p.out.bytes = wire.AppendInputHead(p.out.bytes, p.nextID, v.flags(), method, meta, v.size())
	seq, err := p.out.commitLocked(from, v, byRoom)
	switch {
	case errors.Is(err, errTooLarge):
		return notSent{wire.Errorf(wire.CodeTooLarge, "a frame is over the %d bytes that the other side accepts", p.theirs.MaxFrame)}
	case err != nil:
		return notSent{err}
	}
	x.ours = true
	p.enterLocked(x, p.nextID, ctx)
	p.nextID += 2
	x.opening, x.last = seq, seq
	x.out.ended = v.last
	return nil
}

// giveUpForLocked gives the exchange up for that reason and returns it, marked if the other
// side will never know of the exchange. The caller flushes.
func (x *stream) giveUpForLocked(reason error) error {
	if x.last == x.opening && x.p.out.takeBackLocked(x.opening) {
		x.p.removeLocked(x)
		reason = notSent{reason}
	} else {
		x.giveUpLocked(reason.Error())
	}
	x.endInLocked(reason)
	x.endOutLocked()
	return reason
}

// giveUpLocked stops waiting for an exchange. It keeps its place until the other side has
// ended it. The caller flushes.
func (x *stream) giveUpLocked(reason string) {
	if x.p.table[x.id] != x || x.givenUp {
		return
	}
	x.givenUp, x.gaveUp = true, x.p.now()
	if x.lingers == returnedByOpen {
		x.p.linger(0, 1, nil)
	}
	for _, v := range x.in.queue.waiting() {
		x.in.granted += int64(v.size)
	}
	x.in.queue.clear()
	if x.p.features.cancel {
		// If it can't be queued the link has failed, and nothing is left to cancel.
		_, _ = x.p.out.queueLocked(wire.Cancel{ID: x.id, Reason: reason}, byRoom)
	}
	x.endOutLocked()
	x.p.wakeLocked(&x.out.wait) // which may wait although the last value is queued
	x.grantLocked()
}

// giveUp is giveUpForLocked for who does not hold the lock.
func (x *stream) giveUp(reason error) {
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	if x.p.table[x.id] == x && x.in.end == nil {
		_ = x.giveUpForLocked(reason)
		x.p.flushLocked()
	}
}

// opened is what Open returns: the opener's verbs.
type opened struct{ *stream }

// Send implements [exchange.Exchange].
func (x opened) Send(v any) error {
	out, err := encode(v)
	if err != nil {
		return err
	}
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	return x.verdictLocked(x.sendLocked(out))
}

// CloseSend implements [exchange.Exchange].
func (x opened) CloseSend() error {
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	if x.out.ended {
		return nil
	}
	return x.verdictLocked(x.sendLocked(nothingMore))
}

// verdictLocked turns the error of a send into io.EOF if the exchange has ended, whose
// error Recv has.
func (x opened) verdictLocked(err error) error {
	switch {
	case errors.Is(err, errTooLarge):
		return wire.Errorf(wire.CodeTooLarge, "a frame is over the %d bytes that the other side accepts", x.p.theirs.MaxFrame)
	case err != nil && (x.in.end != nil || x.p.out.err != nil):
		return io.EOF
	}
	return err
}

// Recv implements [exchange.Exchange].
func (x opened) Recv() (wire.Payload, error) {
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	v, err := x.recvLocked()
	x.in.lent = x.in.lent || v.lent
	x.flushLocked()
	return v.payload, err
}

// RecvInto implements [exchange.Exchange].
func (x opened) RecvInto(out any) error {
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	defer x.flushLocked()
	return x.recvIntoLocked(out)
}

// Close implements [exchange.Exchange].
func (x opened) Close() { x.giveUp(context.Canceled) }
