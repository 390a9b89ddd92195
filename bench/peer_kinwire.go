package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
)

func init() {
	register(kinwire{name: overSocketpair, transport: socketpair.Transport{}})
	register(kinwire{name: overStdio, transport: stdio.Transport{}})
	register(kinwire{name: spinning, transport: socketpair.Transport{}, spin: 30 * time.Microsecond})
}

// kinwire is this project, used as its documentation says, over one of its transports.
type kinwire struct {
	name      string
	transport transport.Transport
	spin      time.Duration
}

func (p kinwire) Info() Info {
	about := "a parent.Worker and a child.Worker, with everything on"
	if p.spin > 0 {
		about += fmt.Sprintf(", polling for %v", p.spin)
	}
	return Info{Name: p.name, About: about, SaysReady: true}
}

func (p kinwire) Start() (Link, error) {
	w, err := p.start()
	if err != nil {
		return nil, err
	}
	return kinwireLink{w}, nil
}

func (p kinwire) StartStream(size int) (Stream, error) {
	w, err := p.start()
	if err != nil {
		return nil, err
	}
	x, err := w.Open(context.Background(), "stream", exchange.Last{Value: size})
	if err != nil {
		return nil, errors.Join(err, w.Shutdown(context.Background()))
	}
	return &kinwireStream{worker: w, exchange: x}, nil
}

func (p kinwire) start() (*parent.Worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return parent.Start(context.Background(), parent.Spec{
		Command:   []string{self},
		Env:       []string{childEnv + "=" + p.name},
		Transport: p.transport,
		Spin:      p.spin,
	})
}

func (p kinwire) Serve() error {
	w := child.Worker{
		Name: p.name,
		Handlers: child.Handlers{
			"echo":   child.Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil }),
			"stream": child.Stream(kinwireChunks),
		},
		Spin: p.spin,
	}
	w.Main()
	return nil
}

// kinwireChunks can yield the same memory again: what it yields is sent before it goes on.
func kinwireChunks(_ context.Context, size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for chunks := newChunks(size); yield(chunks.next(), nil); {
		}
	}
}

type kinwireLink struct{ worker *parent.Worker }

func (l kinwireLink) Call(payload, into []byte) ([]byte, error) {
	echo := into
	err := l.worker.Call(context.Background(), "echo", payload, &echo)
	return echo, err
}

func (l kinwireLink) Close() error { return l.worker.Shutdown(context.Background()) }

type kinwireStream struct {
	worker   *parent.Worker
	exchange exchange.Exchange
	chunk    []byte
}

func (s *kinwireStream) Next() ([]byte, error) {
	err := s.exchange.RecvInto(&s.chunk)
	return s.chunk, err
}

func (s *kinwireStream) Close() error {
	s.exchange.Close()
	return s.worker.Shutdown(context.Background())
}
