package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// What cases say to a worker, and wait for.

// encode makes a payload of a value that msgpack has a form for.
func encode(v any) wire.Payload {
	p, err := wire.Encode(v)
	if err != nil {
		panic(err)
	}
	return p
}

// input makes an opening Input.
func input(id uint64, flags wire.Flags, method string, meta wire.Meta, p wire.Payload) []byte {
	return wire.Input{ID: id, Flags: flags, Method: []byte(method), Meta: meta, Payload: p}.Append(nil)
}

// more makes a continuing Input.
func more(id uint64, flags wire.Flags, p wire.Payload) []byte {
	return wire.Input{ID: id, Flags: flags, Payload: p}.Append(nil)
}

// nextID returns an id that was not used on the link.
func (l *link) nextID() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.exchanges[l.id] != nil {
		l.id += 2
	}
	return l.id
}

// exchange returns an exchange that the host has opened.
func (l *link) exchange(id uint64) *exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.exchanges[id]
}

// offers reports whether the worker says that it has a method.
func (l *link) offers(name string) bool { return slices.Contains(l.info.Methods, name) }

// begin opens an exchange.
func (l *link) begin(flags wire.Flags, method string, meta wire.Meta, p wire.Payload) *exchange {
	id := l.nextID()
	l.send(input(id, flags, method, meta, p))
	return l.exchange(id)
}

// call opens an exchange with one value.
func (l *link) call(method string, v any) *exchange {
	return l.begin(wire.FlagEnd, method, nil, encode(v))
}

// doze opens an exchange whose handler sleeps, and skips the case if there is no such method.
func (l *link) doze(d time.Duration) *exchange {
	return l.callMethod("sleep", map[string]any{"ms": d.Milliseconds()})
}

// hold opens an exchange that the worker can't end yet: its value, and the end of its Inputs,
// are still to come.
func (l *link) hold() *exchange { return l.begin(wire.FlagEmpty, "", nil, nil) }

// release sends the value that a held exchange waits for.
func (l *link) release(x *exchange, v any) { l.carryOn(x, wire.FlagEnd, encode(v)) }

// finish releases a held exchange, and waits for its answer.
func (l *link) finish(x *exchange, v any) {
	l.release(x, v)
	l.awaitValue(x, v)
}

// holdSome holds n exchanges, or as many as can be open at a time.
func (l *link) holdSome(n int) []*exchange {
	var open []*exchange
	for i := range l.parallel(n) {
		if open = append(open, l.hold()); i%100 == 99 {
			l.alive() // so that no more than these have to be dealt with in time
		}
	}
	return open
}

// carryOn sends a continuing Input, once the worker has granted credit for it.
func (l *link) carryOn(x *exchange, flags wire.Flags, p wire.Payload) {
	l.awaitCredit(x)
	l.send(more(x.id, flags, p))
}

// awaitCredit waits until a continuing Input may be sent, or means nothing any more.
func (l *link) awaitCredit(x *exchange) {
	l.await("credit for what was consumed", func() bool {
		return x.over || x.balance > 0 || !l.inForce(wire.FeatureCredit)
	})
}

// isOver reports whether an exchange has ended.
func (l *link) isOver(x *exchange) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return x.over
}

// awaitEnd waits for the END of an exchange.
func (l *link) awaitEnd(x *exchange) { l.awaitEndFor(0, x) }

func (l *link) awaitEndFor(d time.Duration, x *exchange) {
	l.awaitFor(d, fmt.Sprintf("an END for the exchange %d", x.id), func() bool { return x.over })
}

// awaitValue waits for an exchange that answers with that one value.
func (l *link) awaitValue(x *exchange, want any) { l.awaitPayload(x, encode(want)) }

func (l *link) awaitPayload(x *exchange, want wire.Payload) {
	l.awaitEndFor(transfer(len(want)), x)
	sent := short(valueOf(want).String())
	expected := fmt.Sprintf("the value %s, which was sent to the method %s", sent, quote(x.method))
	switch {
	case x.err != nil:
		l.t.fail(expected, "the error "+x.err.Error())
	case len(x.values) != 1:
		l.t.fail(expected, fmt.Sprintf("%d values", len(x.values)))
	case !valueOf(want).same(valueOf(x.values[0])):
		came := short(valueOf(x.values[0]).String())
		if came == sent {
			came += ", " + difference(want, x.values[0])
		}
		l.t.fail(expected, came, x.values[0]...)
	}
}

// difference says where payloads differ that are too long to be shown.
func difference(want, got wire.Payload) string {
	const shown = 8
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	from := func(p wire.Payload) string { return cmp.Or(dump(p[at:min(at+shown, len(p))]), "nothing") }
	return fmt.Sprintf("whose %d bytes of msgpack, sent as %d, differ from byte %d on: %s, and not %s",
		len(got), len(want), at, from(got), from(want))
}

// awaitError waits for an exchange that ends with an error of one of those codes.
func (l *link) awaitError(x *exchange, codes ...wire.Code) {
	l.awaitErrorFor(0, x, codes...)
}

func (l *link) awaitErrorFor(d time.Duration, x *exchange, codes ...wire.Code) {
	l.awaitEndFor(d, x)
	for _, code := range codes {
		if x.err != nil && x.err.Code == code {
			return
		}
	}
	l.t.fail(fmt.Sprintf("the error %q", codes), x.outcome())
}

// outcome says how an exchange ended.
func (x *exchange) outcome() string {
	switch {
	case x.err != nil:
		return "the error " + x.err.Error()
	case len(x.values) == 1:
		return "the value " + short(valueOf(x.values[0]).String())
	}
	return fmt.Sprintf("%d values", len(x.values))
}

// echo holds that the worker answers a call as it should, and so lives.
func (l *link) echo() {
	l.awaitValue(l.call("", "are you there?"), "are you there?")
}

// ping sends a Ping and waits for its Pong.
func (l *link) ping(seq uint64) pong { return l.pingWith(wire.Ping{Seq: seq}.Append(nil), seq) }

// pingWith is ping with a frame that is a Ping with that seq, in whichever form.
func (l *link) pingWith(frame []byte, seq uint64) pong {
	l.mu.Lock()
	before := len(l.pongs)
	l.mu.Unlock()
	l.send(frame)
	var p pong
	l.await(fmt.Sprintf("a Pong with the seq %d", seq), func() bool {
		for _, q := range l.pongs[before:] {
			if q.seq == seq {
				p = q
				return true
			}
		}
		return false
	})
	return p
}

// nextSeq is a seq that rises.
func (l *link) nextSeq() uint64 {
	l.seq++
	return l.seq
}

// alive holds that the worker answers a Ping.
func (l *link) alive() { l.ping(l.nextSeq()) }
