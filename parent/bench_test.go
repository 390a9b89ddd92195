//go:build unix

package parent

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
)

// BenchmarkPingBesideBulk measures pings while four callers have 1 MiB echoed, both ways.
func BenchmarkPingBesideBulk(b *testing.B) {
	for name, link := range map[string]transport.Transport{"socketpair": socketpair.Transport{}, "stdio": stdio.Transport{}} {
		b.Run(name, func(b *testing.B) {
			spec := program("worker")
			spec.Transport = link
			spec.Health.Interval = 2 * time.Millisecond
			w := start(b, spec)
			ctx, cancel := context.WithCancel(context.Background())
			var callers sync.WaitGroup
			for range 4 {
				callers.Go(func() {
					var echo []byte
					for in := any(bytes.Repeat([]byte{7}, 1<<20)); ctx.Err() == nil; {
						w.Call(ctx, "echo", in, &echo)
					}
				})
			}
			var trips []time.Duration
			for b.Loop() {
				for last := w.RoundTrip(); w.RoundTrip() == last; {
					time.Sleep(200 * time.Microsecond)
				}
				trips = append(trips, w.RoundTrip())
			}
			cancel()
			callers.Wait()
			slices.Sort(trips)
			b.ReportMetric(float64(trips[len(trips)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(trips[len(trips)*99/100].Microseconds()), "p99-us")
		})
	}
}
