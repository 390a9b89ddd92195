package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// request is what a handler is given: the answerer's verbs, and the handler's context. It is
// never used again, so that a handler may leave it to goroutines that outlast it: they find
// that the exchange is over.
//
// A context that nobody waits for costs no more than the request. A real one is made for
// the first who does.
type request struct {
	p *Peer
	x *stream // nil once the handler has returned; guarded by Peer.mu

	mu    sync.Mutex // may be taken with Peer.mu held
	real  context.Context
	end   context.CancelCauseFunc // of real
	err   error                   // what the context has ended with
	cause error
}

// requestKey is the key for the request whose context, or one made from it, is asked.
type requestKey struct{}

// requestSlab is how many requests are allocated at a time.
const requestSlab = 32

func (p *Peer) newRequestLocked(x *stream) *request {
	if len(p.requests) == 0 {
		p.requests = make([]request, requestSlab)
	}
	r := &p.requests[0]
	p.requests = p.requests[1:]
	r.p, r.x = p, x
	return r
}

// limit makes the context end after that time.
func (r *request) limit(left time.Duration) {
	ctx, end := context.WithCancelCause(r.p.base)
	ctx, stop := context.WithTimeout(ctx, left)
	r.real, r.end = ctx, func(cause error) { end(cause); stop() }
}

// cancel ends the context. The first cause stays.
func (r *request) cancel(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err, r.cause = context.Canceled, cause
		if r.end != nil {
			r.end(cause)
		}
	}
}

// context returns the real context, made if need be.
func (r *request) context() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.real == nil {
		r.real, r.end = context.WithCancelCause(r.p.base)
		if r.err != nil {
			r.end(r.cause)
		}
	}
	return r.real
}

// made returns the real context, or nil if nobody has needed it, and what the context has
// ended with in that case.
func (r *request) made() (context.Context, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.real, r.err
}

// Done implements [context.Context].
func (r *request) Done() <-chan struct{} { return r.context().Done() }

// Deadline implements [context.Context].
func (r *request) Deadline() (time.Time, bool) {
	if ctx, _ := r.made(); ctx != nil {
		return ctx.Deadline()
	}
	return time.Time{}, false
}

// Err implements [context.Context].
func (r *request) Err() error {
	ctx, err := r.made()
	if ctx != nil {
		return ctx.Err()
	}
	return err
}

// Value implements [context.Context].
func (r *request) Value(key any) any {
	ctx, err := r.made()
	switch {
	case key == requestKey{}:
		return r
	case ctx != nil:
		return ctx.Value(key)
	case err != nil:
		return r.context().Value(key) // it may be asked for the cause
	}
	return r.p.base.Value(key)
}

// errReturned is what the verbs of a request fail with after its handler.
var errReturned = errors.New("the handler of this request has returned")

// useLocked returns the exchange for one of the verbs, until done is called.
func (r *request) useLocked() (*stream, error) {
	if r.x == nil {
		return nil, errReturned
	}
	r.x.users++
	return r.x, nil
}

// Method implements [exchange.Request].
func (r *request) Method() string {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if r.x == nil {
		return ""
	}
	return r.x.method.name
}

// Meta implements [exchange.Request].
func (r *request) Meta() wire.Meta {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if r.x == nil {
		return nil
	}
	return r.x.meta
}

// Recv implements [exchange.Request].
func (r *request) Recv() (wire.Payload, error) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	x, err := r.useLocked()
	if err != nil {
		return nil, err
	}
	v, err := x.recvLocked()
	x.in.lent = x.in.lent || v.lent
	x.users--
	x.flushLocked()
	return v.payload, err
}

// RecvInto implements [exchange.Request].
func (r *request) RecvInto(out any) error {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	x, err := r.useLocked()
	if err != nil {
		return err
	}
	defer func() { x.users-- }()
	defer x.flushLocked()
	return x.recvIntoLocked(out)
}

// Send implements [exchange.Request].
func (r *request) Send(v any) error {
	out, err := encode(v)
	return r.send(out, err)
}

// Reply implements [exchange.Request].
func (r *request) Reply(v any) error {
	out, err := encode(v)
	out.last = true
	return r.send(out, err)
}

// ReplyBytes is Reply of a []byte, which it does not make an any of.
func (r *request) ReplyBytes(b []byte) error {
	return r.send(value{raw: b, bin: true, last: true}, nil)
}

// ReplyPayload is Reply of a payload in the same way.
func (r *request) ReplyPayload(p wire.Payload) error {
	out, err := encodePayload(p)
	out.last = true
	return r.send(out, err)
}

var (
	_ exchange.Request = (*request)(nil)
	_ context.Context  = (*request)(nil)
)

// send sends a value, unless it could not be encoded.
func (r *request) send(out value, err error) error {
	if err != nil {
		return fmt.Errorf("the answer can't be encoded: %w", err)
	}
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	x, err := r.useLocked()
	if err != nil {
		return err
	}
	defer func() { x.users-- }()
	if err := r.Err(); err != nil {
		return err
	}
	err = x.sendLocked(out)
	if out.last && x.out.ended {
		r.cancel(errEnded)
	}
	if errors.Is(err, errTooLarge) {
		return wire.Errorf(wire.CodeTooLarge, "a frame is over the %d bytes that the other side accepts", r.p.theirs.MaxFrame)
	}
	return err
}
