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

// Call implements [exchange.Caller].
func (p *Peer) Call(ctx context.Context, method string, in, out any) error {
	v, err := encode(in)
	if err != nil {
		return notSent{err}
	}
	v.last = true
	x, err := p.open(ctx, method, v)
	if err != nil {
		return err
	}
	answer, err := x.result()
	if err != nil {
		return err
	}
	return answer.Decode(out)
}

// Open implements [exchange.Caller].
func (p *Peer) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	v, err := encode(in)
	if err != nil {
		return nil, notSent{err}
	}
	x, err := p.open(ctx, method, v)
	if err != nil {
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
	return opened{x}, nil
}

// open sends the opening Input of an exchange.
func (p *Peer) open(ctx context.Context, method string, v value) (*stream, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.mayOpenLocked(); err != nil {
		return nil, err
	}
	if err := p.takePlaceLocked(ctx); err != nil {
		return nil, err
	}
	x, err := p.sendOpeningLocked(ctx, method, v)
	if err != nil {
		p.freePlaceLocked()
		return nil, err
	}
	p.flushLocked()
	if err := x.waitSentLocked(x.opening, v); err != nil {
		if ctx.Err() == nil { // the link has ended, and with it the exchange
			p.out.detachLocked(x.opening)
			return x, nil
		}
		err = x.giveUpForLocked(ctx.Err())
		p.out.detachLocked(x.opening) // unless the frame was taken back
		p.flushLocked()
		return nil, err
	}
	return x, nil
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

// sendOpeningLocked enters an exchange in the table and queues its opening Input.
func (p *Peer) sendOpeningLocked(ctx context.Context, method string, v value) (*stream, error) {
	err := p.out.waitRoomLocked(ctx)
	switch {
	case p.out.err != nil:
		return nil, &LostError{Cause: p.out.err}
	case err != nil:
		return nil, notSent{err}
	}
	var room [32]byte
	meta, err := appendTimeout(room[:0], ctx) // after all waiting
	if err != nil {
		return nil, err
	}
	if p.nextID > wire.MaxID {
		return nil, notSent{errors.New("all ids of this link are used up")}
	}
	from := len(p.out.bytes)
	p.out.bytes = wire.AppendInputHead(p.out.bytes, p.nextID, v.flags(), method, meta, v.size())
	seq, err := p.out.commitLocked(from, v, byRoom)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, notSent{wire.Errorf(wire.CodeTooLarge, "a frame is over the %d bytes that the other side accepts", p.theirs.MaxFrame)}
	case err != nil:
		return nil, notSent{err}
	}
	x := p.newStreamLocked(p.nextID, true, ctx)
	p.nextID += 2
	x.opening, x.last, x.method = seq, seq, method
	x.out.ended = v.last
	return x, nil
}

// result waits for the answer to a call: one value at the most.
func (x *stream) result() (wire.Payload, error) {
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	defer x.p.flushLocked()
	answer, err := x.recvLocked()
	if err == nil {
		if _, err = x.recvLocked(); err == nil {
			x.giveUpLocked(errTooMany.Error())
			return nil, errTooMany
		}
	}
	if errors.Is(err, io.EOF) {
		return answer, nil
	}
	return nil, err
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
	x.givenUp = true
	for _, v := range x.in.queue {
		x.in.granted += int64(v.size)
	}
	x.in.queue = nil
	if x.p.features.cancel {
		// If it can't be queued the link has failed, and nothing is left to cancel.
		_, _ = x.p.out.queueLocked(wire.Cancel{ID: x.id, Reason: reason}, byRoom)
	}
	x.endOutLocked()
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

// Close implements [exchange.Exchange].
func (x opened) Close() { x.giveUp(context.Canceled) }
