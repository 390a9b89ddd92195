//go:build unix

package pool

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

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

// BenchmarkOverhead calls the same worker by itself and through its pool in turn, and reports
// how much longer the median of the latter takes.
func BenchmarkOverhead(b *testing.B) {
	p := start(b, Spec{Worker: program("worker"), Size: Size{Min: 1}})
	in := any(bytes.Repeat([]byte{7}, 64))
	var out []byte
	timed := func(c exchange.Caller) time.Duration {
		begun := time.Now()
		if err := c.Call(b.Context(), "same", in, &out); err != nil {
			b.Fatal(err)
		}
		return time.Since(begun)
	}
	var alone, pooled []time.Duration
	for b.Loop() {
		alone = append(alone, timed(p.members[0].w))
		pooled = append(pooled, timed(p))
	}
	slices.Sort(alone)
	slices.Sort(pooled)
	middle := len(alone) / 2
	b.ReportMetric(float64(alone[middle].Nanoseconds()), "worker-ns")
	b.ReportMetric(float64(pooled[middle].Nanoseconds()), "pool-ns")
	b.ReportMetric(float64(pooled[middle])/float64(alone[middle]), "ratio")
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
