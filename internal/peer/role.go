package peer

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// longestWait bounds a wait of transport.Direct: what it is given is rounded up to
	// ticks of the system.
	longestWait = 10 * time.Millisecond
	// watchTick is how often the watch looks, and with that how long a handler may hold up
	// the reader that runs it.
	watchTick = time.Millisecond
	// idleTicks is how many ticks the role may be free before a task takes it.
	idleTicks = 2
)

// role says who holds the read role, which is the right to take frames off the link.
//
// It moves under Peer.mu alone, and is with one goroutine at most: only that one uses Peer.in.
// It is free only while nobody waits, between two calls that read for themselves; then the
// watch is on, which gives it to a task unless another call comes first.
type role uint8

const (
	roleFree  role = iota
	roleTaken      // by a goroutine in leadLocked, or by the task in read
	// roleInline: the task in read runs the handler of Peer.inline. While it does, whoever
	// waits for that exchange may take the role and give it back, and the watch may take it for
	// good. So when the handler has returned, the task looks whether it still has the role.
	roleInline
)

// callersRead reports whether those who call may read for themselves. With one processor, or
// if threads of other links wait already, a task does better.
func (p *Peer) callersRead() bool {
	return p.direct != nil && threads.waiting.Load() < threads.limit.Load()
}

// mayLeadLocked reports whether whoever waits for x may take the read role: the role is free,
// or is with x's own handler.
func (p *Peer) mayLeadLocked(ctx context.Context, x *stream) bool {
	switch {
	case !p.callersRead() || p.err != nil || near(ctx):
		return false
	case p.role == roleFree:
		return true
	}
	return p.role == roleInline && p.inline == x
}

// worthLeadingLocked reports whether a leader that waits at w would go on in time: one that
// waits for the queue does if it is the one who sees to it that the link has room again.
func (p *Peer) worthLeadingLocked(w *waiter) bool {
	return !w.forQueue || p.out.full && !p.out.attended
}

// moveRoleLocked says who has the read role from now on.
func (p *Peer) moveRoleLocked(to role) {
	p.role = to
	p.turn++
	if to != roleTaken && !p.watch.on && p.err == nil {
		p.watch.on = true
		p.watch.timer.Reset(watchTick)
	}
}

// needReaderLocked sees to it that somebody reads while the caller waits with ctx: a task if
// nobody does, and also if the reader runs the very handler that waits.
func (p *Peer) needReaderLocked(ctx context.Context) {
	switch {
	case p.err != nil:
	case p.role == roleFree, p.role == roleInline && ctx.Value(requestKey{}) == p.inline.request:
		p.startReadingLocked()
	}
}

// startReadingLocked gives the read role to a new task.
func (p *Peer) startReadingLocked() {
	p.inline = nil
	p.moveRoleLocked(roleTaken)
	p.goLocked(p.readTask)
}

// promoteLocked gives the read role to one of those who wait, and reports whether there is
// one. It writes what is queued.
func (p *Peer) promoteLocked() bool {
	w := p.followers.first
	if w == nil || p.err != nil {
		return false
	}
	p.moveRoleLocked(roleTaken)
	w.leads = true
	p.promised = true
	p.unparkLocked(w)
	return true
}

// look is the watch: it looks every watchTick after the role was left free, or with a
// handler, and takes it from whoever makes no use of it. It stops once a goroutine reads.
func (p *Peer) look() {
	countProcessors()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil || p.role == roleTaken:
		p.watch.on = false
		return
	case p.turn != p.watch.seen:
		p.watch.seen, p.watch.still = p.turn, 0
	case p.role == roleInline:
		p.watch.on = false
		p.inline.stolen = true
		p.inline.method.distrust() // before others of its kind are run in the same way
		p.startReadingLocked()
		return
	default:
		if p.watch.still++; p.watch.still == idleTicks {
			p.watch.on = false
			p.startReadingLocked()
			return
		}
	}
	p.watch.timer.Reset(watchTick)
}

// threads are the goroutines of this process that wait on a thread of their own. There is
// always a processor left for the others: Go takes one back from a thread that waits only
// after a while.
var threads struct {
	waiting atomic.Int32
	limit   atomic.Int32
}

// countProcessors sets the limit of threads: the number may change, but is too slow to ask for
// each time.
func countProcessors() { threads.limit.Store(int32(runtime.GOMAXPROCS(0) - 1)) }

// takeThread reports whether the caller may wait on its thread, until giveThread.
func takeThread() bool {
	if threads.waiting.Add(1) <= threads.limit.Load() {
		return true
	}
	threads.waiting.Add(-1)
	return false
}

func giveThread() { threads.waiting.Add(-1) }
