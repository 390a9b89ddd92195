package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/kinwire/kinwire/internal/deadline"
	"github.com/kinwire/kinwire/wire"
)

var frameCases = in("frame", "3. Frame",
	&definition{
		Case: Case{Name: "cut", About: "A frame may arrive in two parts, cut at any byte"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			const v = "cut in two"
			for at := 1; at < len(input(l.nextID(), wire.FlagEnd, "", nil, encode(v))); at++ {
				l.echoCut(v, moment, at)
			}
		},
	},
	&definition{
		Case: Case{Name: "bytewise", About: "A frame may arrive byte by byte"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			const v = "byte by byte"
			for _, pause := range []time.Duration{moment, 5 * moment} {
				n := len(input(l.nextID(), wire.FlagEnd, "", nil, encode(v)))
				l.echoCut(v, pause, slices.Repeat([]int{1}, n-1)...)
			}
		},
	},
	&definition{
		Case: Case{Name: "together", About: "Many frames may arrive at once, the last one in part"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			var ids []uint64
			var all []byte
			for i := range l.parallel(100) {
				id := l.nextID()
				frame := input(id, wire.FlagEnd, "", nil, encode(i))
				l.mu.Lock()
				l.noteSent(frame)
				l.mu.Unlock()
				ids, all = append(ids, id), append(all, frame...)
				all = wire.AppendGrease(all, uint64(i))
			}
			half := len(all) - 3
			l.out.put(all[:half])
			l.out.putLater(all[half:], moment)
			for i, id := range ids {
				l.awaitValue(l.exchange(id), i)
			}
		},
	},
	&definition{
		Case: Case{Name: "large", About: "The worker takes frames as long as the max_frame that it has announced, and answers with as much"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			for _, size := range []int{70_000, 1 << 20, min(l.info.MaxFrame, wire.DefaultMaxFrame)} {
				if size > l.info.MaxFrame {
					continue
				}
				p := encode(bytes.Repeat([]byte{0xc1}, size-2*roomForHead))
				id := l.nextID()
				padded := func(n int) []byte {
					meta := wire.Meta(encode(map[string]any{"conformance.padding": make([]byte, n)}))
					return input(id, wire.FlagEnd, "", meta, p)
				}
				frame := padded(size + wire.HeaderSize - len(padded(0)))
				if len(frame) != size+wire.HeaderSize {
					panic(fmt.Sprintf("an Input of %d bytes, and not of %d", len(frame)-wire.HeaderSize, size))
				}
				l.send(frame)
				l.awaitPayload(l.exchange(id), p)
			}
		},
	},
	&definition{
		Case: Case{Name: "whole", About: "No frame is written in the midst of another, however large they are and however many at a time"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			size := min(512<<10, l.info.MaxFrame-roomForHead)
			var payloads []wire.Payload
			for i := range l.parallel(8) {
				payloads = append(payloads, encode(bytes.Repeat([]byte{byte(i)}, size)))
			}
			for range 2 {
				var open []*exchange
				l.listenLater(2*quiet, func() { // so that all want to write at once
					for _, p := range payloads {
						open = append(open, l.begin(wire.FlagEnd, "", nil, p))
						l.send(wire.Ping{Seq: l.nextSeq()}.Append(nil))
					}
					deadline.Await(l.out.empty(), time.Second) // not for ever: who waits in a write need not read
				})
				for i, x := range open {
					l.awaitPayload(x, payloads[i])
				}
			}
			l.alive()
		},
	},
	&definition{
		Case: Case{Name: "interrupted", Section: "22. Checklist for porters", About: "A frame in whose midst a signal comes is written to its end"},
		on:   standard,
		run: func(t *trial) {
			l := t.worker()
			p := encode(bytes.Repeat([]byte{0xc1}, min(4<<20, l.info.MaxFrame-roomForHead))) // more than a link holds
			var x *exchange
			l.listenLater(2*quiet, func() {
				x = l.begin(wire.FlagEnd, "", nil, p)
				l.flush()
				for range 3 {
					time.Sleep(quiet)
					l.signal(sigInt)
				}
			})
			for range 50 { // on a busy machine it only begins to write
				if l.isOver(x) {
					break
				}
				l.signal(sigInt)
				l.rest(10 * time.Millisecond)
			}
			l.awaitPayload(x, p)
			l.alive()
		},
	},
	&definition{
		Case: Case{Name: "max-frame-of-host", About: "The worker sends what fits into the host's max_frame"},
		on:   tight,
		run: func(t *trial) {
			l := t.worker()
			for _, size := range []int{100, 2000, wire.LeastMaxFrame - roomForHead} {
				if size+roomForHead <= l.info.MaxFrame {
					p := encode(make([]byte, size))
					l.awaitPayload(l.begin(wire.FlagEnd, "", nil, p), p)
				}
			}
		},
	},
	&definition{
		Case: Case{Name: "too-large", About: "An answer that does not fit into the host's max_frame is not sent, but fails with too_large"},
		on:   tight,
		run: func(t *trial) {
			l := t.worker()
			if l.info.MaxFrame < 2*wire.LeastMaxFrame {
				t.skip("the worker takes no frame whose echo could be too large")
			}
			for _, size := range []int{wire.LeastMaxFrame, 2*wire.LeastMaxFrame - roomForHead} {
				l.awaitError(l.begin(wire.FlagEnd, "", nil, encode(make([]byte, size))), wire.CodeTooLarge)
			}
			l.echo()
		},
	},
)

// echoCut sends an opening Input with a value in pieces of those sizes, after a pause each, and
// waits for its echo.
func (l *link) echoCut(v any, pause time.Duration, sizes ...int) {
	id := l.nextID()
	l.sendCut(input(id, wire.FlagEnd, "", nil, encode(v)), pause, sizes...)
	l.awaitValue(l.exchange(id), v)
}

// roomForHead is more than all of an Output but its payload takes, also with the widest heads
// and ints. A value that just fits into an Input may not fit out again.
const roomForHead = 64

// parallel returns how many exchanges can be open at a time, up to n.
func (l *link) parallel(n int) int {
	if c := l.info.Concurrency; c > 0 {
		return min(c, n)
	}
	return n
}
