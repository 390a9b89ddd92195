package main

import (
	"context"
	"os"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/pool"
)

func init() { register(kinwirePool{}) }

// kinwirePool is this project's pool. It has a single worker where one child is measured, so
// that beside a parent.Worker the difference is what its dispatch costs.
type kinwirePool struct{}

func (kinwirePool) Info() Info {
	return Info{Name: pooled, About: "a pool.Pool of one worker, otherwise as kinwire-socketpair", SaysReady: true}
}

func (p kinwirePool) Start() (Link, error) { return p.StartMany(1) }

func (p kinwirePool) StartMany(n int) (Link, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	all, err := pool.Start(context.Background(), pool.Spec{
		Worker:   parent.Spec{Command: []string{self}, Env: []string{childEnv + "=" + pooled}},
		Size:     pool.Size{Min: n},
		Starting: n,
	})
	if err != nil {
		return nil, err
	}
	return poolLink{all}, nil
}

func (kinwirePool) Serve() error { return kinwire{name: pooled}.Serve() }

type poolLink struct{ pool *pool.Pool }

func (l poolLink) Call(payload, into []byte) ([]byte, error) {
	echo := into
	err := l.pool.Call(context.Background(), "echo", payload, &echo)
	return echo, err
}

func (l poolLink) Close() error { return l.pool.Shutdown(context.Background()) }
