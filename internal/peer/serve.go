package peer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// acceptLocked deals with an opening Input. It returns the exchange if its handler is to be
// run, after it has answered for those that are not.
func (p *Peer) acceptLocked(in wire.Input, a arrival) *stream {
	m := p.methods[string(in.Method)]
	left, limited := in.Meta.Timeout()
	switch {
	case p.refusing:
		p.refuseLocked(in.ID, wire.CodeShuttingDown, "no new requests are taken")
	case m == nil:
		p.refuseLocked(in.ID, wire.CodeUnknownMethod, fmt.Sprintf("there is no method %q", shorten(in.Method)))
	case p.ours.Concurrency > 0 && p.serving >= p.ours.Concurrency:
		p.refuseLocked(in.ID, wire.CodeOverloaded, fmt.Sprintf("%d exchanges are open, which is the limit", p.serving))
	case limited && left == 0:
		p.refuseLocked(in.ID, wire.CodeDeadlineExceeded, "the time was up when the request came")
	default:
		x := p.newStreamLocked()
		x.request = p.newRequestLocked(x)
		if limited {
			x.request.limit(left)
		}
		x.method, x.buffer = m, a.buffer
		x.meta = append(x.meta[:0], in.Meta...)
		p.enterLocked(x, in.ID, x.request)
		p.serving++
		p.running.addLocked(1)
		a.size = 0 // an opening Input takes no credit
		x.deliverLocked(in.Flags, in.Payload, a)
		return x
	}
	return nil
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

// serve is the task that runs the handler of an exchange.
func (x *stream) serve() {
	p := x.p
	err := error(errGone) // unless run returns
	x.began = p.now()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		defer p.taskDoneLocked()
		p.finishLocked(x, err)
		p.flushSoonLocked()
	}()
	err = x.run()
}

// runInlineLocked runs the handler of an exchange, without the lock, on the goroutine that
// has the read role; endInlineLocked tells what has become of that. It returns when the handler
// was done.
func (p *Peer) runInlineLocked(x *stream, now time.Duration) (ended time.Duration) {
	p.inline = x
	x.began = now
	p.moveRoleLocked(roleInline)
	err := error(errGone)
	returned := false
	defer func() {
		if !returned { // the handler ends this goroutine
			p.mu.Lock()
			p.finishLocked(x, err)
			if p.endInlineLocked(x) {
				p.startReadingLocked()
			}
			p.flushLocked()
		}
	}()
	p.waking.held = false
	p.mu.Unlock()
	err = x.run()
	p.mu.Lock()
	returned = true
	return p.finishLocked(x, err)
}

// endInlineLocked notes that the handler of x has returned, which the reader ran. It reports
// whether that still has the read role: the watch may have taken it, or a goroutine that the
// handler has left behind may be reading.
func (p *Peer) endInlineLocked(x *stream) bool {
	if p.inline != x {
		return false
	}
	p.inline = nil
	return p.role == roleInline
}

// finishLocked ends an exchange whose handler has returned, unless it has ended already. It
// returns when the handler was done. The caller flushes.
func (p *Peer) finishLocked(x *stream, err error) time.Duration {
	ended := p.now()
	if !x.stolen {
		x.method.ran(ended - x.began - x.linked)
	}
	if err == nil && !x.out.ended && x.ctx.Err() == nil {
		err = x.sendLocked(nothingMore)
	}
	// It could go without room, but there may be many.
	for !x.out.ended && p.out.err == nil && p.out.fullLocked() {
		if p.endInlineLocked(x) {
			p.startReadingLocked()
		}
		_ = p.waitRoomLocked(context.Background(), x)
	}
	if !x.out.ended {
		x.failLocked(answer(x.ctx, err))
	}
	x.endInLocked(errEnded)
	x.request.x = nil
	x.request.cancel(errEnded)
	p.running.addLocked(-1)
	if x.users == 0 && p.table[x.id] != x {
		x.recycleLocked()
	}
	return ended
}

// run runs the handler and returns what the opener is to be told. A panic becomes an error.
func (x *stream) run() (err error) {
	defer func() {
		if v := recover(); v != nil {
			if x.p.panicked != nil {
				x.p.panicked(x.method.name, v, debug.Stack())
			}
			err = wire.Errorf(wire.CodePanicked, "%v", v)
		}
	}()
	if err := x.method.handler(x.request, x.request); err != nil {
		return answer(x.request, err) // may call methods of err, and so not under the lock
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
	x.request.cancel(e)
}
