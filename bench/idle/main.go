//go:build linux

// Command idle measures what workers cost their host that have nothing to do: it starts
// many, waits, and tells the processor time, threads, goroutines and memory of the host.
//
//	go run ./idle -workers 1000 -for 30s
//
// The workers are this same binary, re-executed: the smallest there is with the SDK.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"
)

func main() {
	beWorker()
	o := options{}
	flag.IntVar(&o.workers, "workers", 1000, "how many workers")
	flag.DurationVar(&o.settle, "settle", 20*time.Second, "how long to wait before the measurement begins")
	flag.DurationVar(&o.span, "for", 30*time.Second, "how long to measure")
	flag.IntVar(&o.starting, "starting", 2*runtime.GOMAXPROCS(0), "how many workers start at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "idle: %v\n", err)
		os.Exit(1)
	}
}

type options struct {
	workers, starting int
	settle, span      time.Duration
}

// run measures the host without workers, with them, and tells the difference.
func run(ctx context.Context, o options, out io.Writer) error {
	one, err := startAll(ctx, 1, 1) // what only the first costs is none of the others'
	if err != nil {
		return err
	}
	defer one.stop()
	before, err := measure()
	if err != nil {
		return err
	}
	began := time.Now()
	all, err := startAll(ctx, o.workers, o.starting)
	defer all.stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d workers, ready after %v\n", o.workers, time.Since(began).Round(time.Millisecond))
	if err := wait(ctx, o.settle); err != nil {
		return err
	}
	idle, err := measure()
	if err != nil {
		return err
	}
	began = time.Now()
	if err := wait(ctx, o.span); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := measure()
	if err != nil {
		return err
	}
	n := int64(o.workers)
	fmt.Fprintf(out, "processor     %.2f %% of a core, over %v\n", 100*float64(after.cpu-idle.cpu)/float64(took), took.Round(time.Second))
	fmt.Fprintf(out, "threads       %d (before: %d)\n", after.threads, before.threads)
	fmt.Fprintf(out, "goroutines    %d (before: %d), %.1f a worker\n", after.goroutines, before.goroutines,
		float64(after.goroutines-before.goroutines)/float64(n))
	fmt.Fprintf(out, "descriptors   %d (before: %d), %.1f a worker\n", after.files, before.files,
		float64(after.files-before.files)/float64(n))
	fmt.Fprintf(out, "memory in use %.1f KiB a worker (heap and stacks)\n", float64(int64(after.inUse)-int64(before.inUse))/1024/float64(n))
	fmt.Fprintf(out, "resident      %.1f KiB a worker (private memory of the host's process)\n", float64(after.private-before.private)/1024/float64(n))
	return nil
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
