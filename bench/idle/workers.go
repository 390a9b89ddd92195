//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/transport"
)

// beWorker is the whole program where it was started as a worker.
func beWorker() {
	if os.Getenv(transport.EnvVar) != "" {
		(&child.Worker{Name: "idle"}).Main()
	}
}

// workers are workers that run.
type workers struct{ list []*parent.Worker }

// startAll starts n workers, some at a time, with pings and memory watched at the default
// intervals.
func startAll(ctx context.Context, n, atATime int) (*workers, error) {
	self, err := os.Executable()
	if err != nil {
		return &workers{}, err
	}
	all := &workers{list: make([]*parent.Worker, n)}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, atATime))
	for i := range n {
		g.Go(func() error {
			w, err := parent.Start(ctx, parent.Spec{
				Command: []string{self},
				Name:    fmt.Sprintf("idle-%d", i),
				Memory:  parent.Memory{Warn: 1 << 30},
			})
			all.list[i] = w
			return err
		})
	}
	return all, g.Wait()
}

// stop ends those that were started.
func (all *workers) stop() {
	var wg sync.WaitGroup
	for _, w := range all.list {
		if w != nil {
			wg.Go(func() { w.Shutdown(context.Background()) })
		}
	}
	wg.Wait()
}
