package peer

import (
	"context"
	"testing"

	"github.com/kinwire/kinwire/exchange"
)

var benched = exchange.Handlers{
	"func": exchange.Func(func(_ context.Context, in []byte) ([]byte, error) { return in, nil }),
	"echo": standard["echo"],
}

// BenchmarkCall counts both sides together.
func BenchmarkCall(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"64B", 64}, {"4KiB", 4 << 10}, {"1MiB", 1 << 20}} {
		for name, l := range links {
			b.Run(size.name+"/"+name, func(b *testing.B) {
				p, _ := l.peers(b, setup{handlers: benched})
				in := make([]byte, size.n)
				var out []byte
				b.SetBytes(int64(2 * size.n))
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Call(context.Background(), "func", in, &out); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkCallsAtOnce(b *testing.B) {
	for name, l := range links {
		b.Run(name, func(b *testing.B) {
			p, _ := l.peers(b, setup{handlers: benched})
			in := make([]byte, 64)
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				var out []byte
				for pb.Next() {
					if err := p.Call(context.Background(), "func", in, &out); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkStream sends values there and back again.
func BenchmarkStream(b *testing.B) {
	for name, l := range links {
		b.Run(name, func(b *testing.B) {
			p, _ := l.peers(b, setup{handlers: benched})
			x, err := p.Open(context.Background(), "echo", exchange.None)
			if err != nil {
				b.Fatal(err)
			}
			in := make([]byte, 1024)
			b.SetBytes(int64(2 * len(in)))
			b.ReportAllocs()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range b.N {
					if _, err := x.Recv(); err != nil {
						b.Error(err)
						return
					}
				}
			}()
			for range b.N {
				if err := x.Send(in); err != nil {
					b.Fatal(err)
				}
			}
			<-done
			x.Close()
		})
	}
}
