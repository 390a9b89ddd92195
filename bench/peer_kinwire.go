package main

import (
	"context"
	"os"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
)

func init() {
	register(kinwire{name: "kinwire-socketpair", transport: socketpair.Transport{}})
	register(kinwire{name: "kinwire-stdio", transport: stdio.Transport{}})
}

// kinwire is this project, used as its documentation says, over one of its transports.
type kinwire struct {
	name      string
	transport transport.Transport
}

func (p kinwire) Info() Info {
	return Info{Name: p.name, About: "a parent.Worker and a child.Worker, with everything on"}
}

func (p kinwire) Start() (Link, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w, err := parent.Start(context.Background(), parent.Spec{
		Command:   []string{self},
		Env:       []string{childEnv + "=" + p.name},
		Transport: p.transport,
	})
	if err != nil {
		return nil, err
	}
	return kinwireLink{w}, nil
}

func (p kinwire) Serve() error {
	w := child.Worker{
		Name: p.name,
		Handlers: child.Handlers{
			"echo": child.Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil }),
		},
	}
	w.Main()
	return nil
}

type kinwireLink struct{ worker *parent.Worker }

// Call gets its echo without a copy, in memory of its own, so into is of no use to it.
func (l kinwireLink) Call(payload, _ []byte) (echo []byte, err error) {
	err = l.worker.Call(context.Background(), "echo", payload, &echo)
	return echo, err
}

func (l kinwireLink) Close() error { return l.worker.Shutdown(context.Background()) }
