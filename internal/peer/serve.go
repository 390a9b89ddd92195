package peer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// acceptLocked deals with an opening Input. It returns the exchange if its handler is to be
// run, after it has answered for those that are not.
func (p *Peer) acceptLocked(in wire.Input, kept bool) (*stream, exchange.Handler) {
	m, known := p.methods[string(in.Method)]
	left, limited := in.Meta.Timeout()
	switch {
	case p.refusing:
		p.refuseLocked(in.ID, wire.CodeShuttingDown, "no new requests are taken")
	case !known:
		p.refuseLocked(in.ID, wire.CodeUnknownMethod, fmt.Sprintf("there is no method %q", shorten(in.Method)))
	case p.ours.Concurrency > 0 && p.serving >= p.ours.Concurrency:
		p.refuseLocked(in.ID, wire.CodeOverloaded, fmt.Sprintf("%d exchanges are open, which is the limit", p.serving))
	case limited && left == 0:
		p.refuseLocked(in.ID, wire.CodeDeadlineExceeded, "the time was up when the request came")
	default:
		ctx, cancel := context.WithCancelCause(p.base)
		x := p.newStreamLocked(in.ID, false, ctx)
		x.cancel = cancel
		if limited {
			var stop context.CancelFunc
			x.ctx, stop = context.WithTimeout(ctx, left)
			x.cancel = func(cause error) { cancel(cause); stop() }
		}
		x.method, x.meta = m.name, append(wire.Meta(nil), in.Meta...)
		p.serving++
		p.running.addLocked(1)
		x.deliverLocked(in.Flags, in.Payload, 0, kept)
		return x, m.handler
	}
	return nil, nil
}

// shorten cuts what the other side has sent down to what fits in any message to it.
func shorten(s []byte) []byte { return s[:min(len(s), 100)] }

// refuseLocked answers an opening Input without an exchange. The caller flushes.
func (p *Peer) refuseLocked(id uint64, code wire.Code, message string) {
	// If it can't be queued the link has failed.
	_, _ = p.out.queueLocked(wire.Output{
		ID: id, Flags: wire.FlagEnd | wire.FlagError,
		Payload: wire.Errorf(code, "%s", message).Append(nil),
	}, byLimit)
}

// serve runs the handler of an exchange and ends it.
func (p *Peer) serve(x *stream, h exchange.Handler) {
	var err error = errGone // unless run returns
	defer func() { p.finish(x, err) }()
	err = p.run(x, h)
}

// finish ends an exchange whose handler has returned, unless it has ended already.
func (p *Peer) finish(x *stream, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && !x.out.ended && x.ctx.Err() == nil {
		err = x.sendLocked(nothingMore)
	}
	// It could go without room, but there may be many.
	for !x.out.ended && p.out.err == nil && p.out.fullLocked() {
		_ = p.out.waitLocked(context.Background())
	}
	if !x.out.ended {
		x.failLocked(answer(x.ctx, err))
	}
	x.cancel(errEnded)
	p.running.addLocked(-1)
	p.flushLocked()
}

// run runs the handler and returns what the opener is to be told. A panic becomes an error.
func (p *Peer) run(x *stream, h exchange.Handler) (err error) {
	defer func() {
		if v := recover(); v != nil {
			if p.panicked != nil {
				p.panicked(x.method, v, debug.Stack())
			}
			err = wire.Errorf(wire.CodePanicked, "%v", v)
		}
	}()
	if err := h(x.ctx, answering{x}); err != nil {
		return answer(x.ctx, err) // may call methods of err, and so not under the lock
	}
	return nil
}

// failLocked ends an exchange of the other side with an error, which never waits. The
// caller flushes.
func (x *stream) failLocked(e *wire.Error) {
	out := wire.Output{ID: x.id, Flags: wire.FlagEnd | wire.FlagError, Payload: e.Append(nil)}
	if _, err := x.p.out.queueLocked(out, byRoom); errors.Is(err, errTooLarge) {
		code := string(shorten([]byte(e.Code)))
		out.Payload = wire.Errorf(code, "the error is larger than the other side accepts").Append(nil)
		_, _ = x.p.out.queueLocked(out, byRoom)
	}
	x.endInLocked(e)
	x.endOutLocked()
	x.p.removeLocked(x)
	x.cancel(e)
}

// answering is what a handler is given: the answerer's verbs.
type answering struct{ *stream }

// Send implements [exchange.Request].
func (x answering) Send(v any) error {
	out, err := encode(v)
	return x.send(out, err)
}

// Reply implements [exchange.Request].
func (x answering) Reply(v any) error {
	out, err := encode(v)
	out.last = true
	return x.send(out, err)
}

// send sends a value, unless it could not be encoded.
func (x answering) send(out value, err error) error {
	if err != nil {
		return fmt.Errorf("the answer can't be encoded: %w", err)
	}
	x.p.mu.Lock()
	defer x.p.mu.Unlock()
	if err := x.ctx.Err(); err != nil {
		return err
	}
	err = x.sendLocked(out)
	if out.last && x.out.ended {
		x.cancel(errEnded)
	}
	if errors.Is(err, errTooLarge) {
		return wire.Errorf(wire.CodeTooLarge, "a frame is over the %d bytes that the other side accepts", x.p.theirs.MaxFrame)
	}
	return err
}
