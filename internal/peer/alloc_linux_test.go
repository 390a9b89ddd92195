//go:build !race

package peer

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// TestAllocations counts the allocations of a steady call, on both sides together, since
// both run in this process.
func TestAllocations(t *testing.T) {
	handlers := exchange.Handlers{
		"echo": exchange.Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil }),
	}
	cancellable, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, l := range links {
		parent, _ := l.peers(t, setup{handlers: handlers})
		for _, size := range []int{0, 64, 1 << 10, 8 << 10, 20 << 10, 100 << 10, 1 << 20} {
			if size > 64<<10 && parent.direct == nil {
				continue // what does not fit the reader's buffer gets memory of its own
			}
			payload := any(bytes.Repeat([]byte{7}, size))
			var reused []byte
			for _, test := range []struct {
				name string
				ctx  context.Context
				out  func() *[]byte
				want float64
			}{
				{"reused", context.Background(), func() *[]byte { return &reused }, 0},
				{"reused, cancellable", cancellable, func() *[]byte { return &reused }, 0},
				{"fresh", context.Background(), func() *[]byte { reused = nil; return &reused }, 1},
				{"fresh, cancellable", cancellable, func() *[]byte { reused = nil; return &reused }, 1},
			} {
				call := func() {
					if err := parent.Call(test.ctx, "echo", payload, test.out()); err != nil {
						t.Fatal(err)
					}
				}
				for begun := time.Now(); time.Since(begun) < 20*time.Millisecond; {
					call()
				}
				if got := testing.AllocsPerRun(200, call); got > test.want {
					t.Errorf("%s, %d bytes, %s: %v allocations; want %v", name, size, test.name, got, test.want)
				}
			}
		}
	}
}

// TestQueueThatIsNeverEmptyAllocates receives while the other side is ahead by a value.
func TestQueueThatIsNeverEmptyAllocates(t *testing.T) {
	for _, size := range []int{0, 100, smallMemory} {
		x := &stream{}
		x.in.decodes = true
		payload := make(wire.Payload, size)
		arrive := func() {
			v := item{}
			v.payload, v.lent = x.keepLocked(payload, arrival{})
			x.in.queue.push(v)
		}
		arrive()
		next := func() {
			arrive()
			if v := x.in.queue.pop(); len(v.payload) != size || x.in.queue.len() != 1 {
				t.Fatal(len(v.payload), x.in.queue.len())
			}
		}
		for range mostMemory / 10 {
			next() // until the first memory is used up
		}
		if got := testing.AllocsPerRun(5000, next); got > 0 {
			t.Errorf("%d bytes: %v allocations each", size, got)
		}
	}
}
