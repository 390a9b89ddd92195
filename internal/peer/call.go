package peer

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/kinwire/kinwire/wire"
)

// Call implements [exchange.Caller].
func (p *Peer) Call(ctx context.Context, method string, in, out any) error {
	v, err := encode(in)
	if err != nil {
		return notSent{err}
	}
	v.last = true
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.newStreamLocked()
	x.in.into, _ = out.(*[]byte)
	answer, err := p.callLocked(ctx, x, method, v)
	if err == nil {
		err = answer.decodeLocked(x, out)
	}
	if p.table[x.id] != x {
		x.recycleLocked()
	} else {
		x.lingersLocked(givenUpByCall)
	}
	return err
}

// callLocked sends a request and waits, without the lock, for the answer, which is one value
// at the most.
func (p *Peer) callLocked(ctx context.Context, x *stream, method string, v value) (answer item, err error) {
	if err := p.openLocked(ctx, x, method, v); err != nil {
		return item{}, err
	}
	answer, err = x.resultLocked()
	x.in.into = nil
	p.takeBackLocked(x)
	if len(v.raw) > copyLimit {
		p.out.detachLocked(x.opening) // an answer may come before all is written
	}
	p.flushSoonLocked()
	return answer, err
}

// resultLocked waits for the answer to a call.
func (x *stream) resultLocked() (item, error) {
	answer, err := x.recvLocked()
	if err == nil {
		if _, err = x.recvLocked(); err == nil {
			x.giveUpLocked(errTooMany.Error())
			return item{}, errTooMany
		}
	}
	if errors.Is(err, io.EOF) {
		return answer, nil
	}
	return item{}, err
}

// recvIntoLocked waits, without the lock, for the next value, and decodes it.
func (x *stream) recvIntoLocked(out any) error {
	x.in.into, _ = out.(*[]byte)
	x.in.decodes = true
	v, err := x.recvLocked()
	x.in.into = nil // before the lock is given up: the next value may come
	x.p.takeBackLocked(x)
	if err == nil {
		err = v.decodeLocked(x, out)
	}
	if x.in.queue.len() == 0 {
		if x.in.lent {
			x.in.memory, x.in.lent = nil, false
		}
		x.in.memory = x.in.memory[:0]
	}
	return err
}

// decodeLocked stores, without the lock, the answer to a call in what out points to, which
// does not refer to memory of x from then on.
func (v item) decodeLocked(x *stream, out any) error {
	if v.placed > 0 {
		into := out.(*[]byte)
		*into = (*into)[:v.placed]
		return nil
	}
	x.p.mu.Unlock()
	defer x.p.mu.Lock()
	p := v.payload
	switch out := out.(type) {
	case *[]byte:
		if b, ok := p.Bin(); ok && out != nil && fits(b, *out) {
			*out = append((*out)[:0], b...)
			return nil
		}
	case *wire.Payload:
		if out != nil && fits(p, *out) {
			*out = append((*out)[:0], p...)
			return nil
		}
	default:
		return p.Decode(out)
	}
	if v.lent { // Decode would share it
		p = bytes.Clone(p)
	}
	return p.Decode(out)
}

// fits reports whether there is room for b where out is, if it is anywhere.
func fits(b, out []byte) bool { return out != nil && len(b) <= cap(out) }
