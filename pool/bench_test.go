//go:build unix

package pool

import (
	"bytes"
	"context"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
)

// BenchmarkCall measures what a pool adds to a call: one caller, and many.
func BenchmarkCall(b *testing.B) {
	spec := program("worker")
	w, err := parent.Start(b.Context(), spec)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.Shutdown(context.Background()) })
	p := start(b, Spec{Worker: spec, Size: Size{Min: 1}})
	four := start(b, Spec{Worker: spec, Size: Size{Min: 4}})
	for _, of := range []struct {
		name   string
		caller exchange.Caller
	}{{"worker", w}, {"pool", p}, {"sticky", p.Sticky("k")}, {"pool of 4", four}} {
		in := any(bytes.Repeat([]byte{7}, 64))
		b.Run(of.name+"/1", func(b *testing.B) {
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				if err := of.caller.Call(b.Context(), "same", in, &out); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(of.name+"/many", func(b *testing.B) {
			b.SetParallelism(32)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				var out []byte
				for pb.Next() {
					if err := of.caller.Call(b.Context(), "same", in, &out); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkAcquire is what the pool does for a call without the call itself.
func BenchmarkAcquire(b *testing.B) {
	p := start(b, Spec{Worker: program("worker"), Size: Size{Min: 4}})
	b.ReportAllocs()
	for b.Loop() {
		m, err := p.acquire(b.Context(), want{})
		if err != nil {
			b.Fatal(err)
		}
		p.release(m, nil)
	}
}
