//go:build !race

package parent

import (
	"bytes"
	"context"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport"
)

// What the host allocates, with everything on. (The race detector makes pools lose what they
// hold; the worker's side is counted in internal/peer.)

func TestCallAllocates(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		w := start(t, spec)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for _, size := range []int{64, 10_000, 1 << 20} {
			in := any(bytes.Repeat([]byte{7}, size))
			var reused []byte
			for _, test := range []struct {
				name string
				out  func() *[]byte
				want float64
			}{
				{"reused", func() *[]byte { return &reused }, 0},
				{"fresh", func() *[]byte { reused = nil; return &reused }, 1},
			} {
				call := func() {
					if err := w.Call(ctx, "same", in, test.out()); err != nil {
						t.Fatal(err)
					}
				}
				for range 50 {
					call()
				}
				if got := testing.AllocsPerRun(200, call); got > test.want {
					t.Errorf("%d bytes, %s: %v allocations; want %v", size, test.name, got, test.want)
				}
			}
		}
	})
}

func TestRecvIntoAllocates(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		w := start(t, spec)
		for _, size := range []int{100, 4096} {
			x, err := w.Open(t.Context(), "chunks", exchange.Last{Value: size})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			chunk := make([]byte, 0, size)
			recv := func() {
				if err := x.RecvInto(&chunk); err != nil || len(chunk) != size {
					t.Fatal(len(chunk), err)
				}
			}
			for range 2000 {
				recv()
			}
			// The queue of values that have come already may grow once more.
			if got := testing.AllocsPerRun(5000, recv); got > 0 {
				t.Errorf("chunks of %d bytes: %v allocations each", size, got)
			}
		}
	})
}
