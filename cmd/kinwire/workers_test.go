package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// goWorkerMain is a worker with the Go SDK. Its methods tell on standard error when they
// begin.
func goWorkerMain() {
	w := child.Worker{
		Name: "go-worker",
		Handlers: child.Handlers{
			"":         child.Func(work),
			"stubborn": child.Func(stubborn),
			"many":     many,
			"flood":    child.Func(flood),
			"child":    child.Func(spawn),
			"crash":    child.Func(crash),
			"config":   child.Func(func(context.Context, any) (wire.Payload, error) { return config, nil }),
		},
		Init: func(_ context.Context, c wire.Payload) error { config = c; return nil },
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "one-at-a-time":
			w.Concurrency = 1
		case "brief": // it is ready, and dies
			time.AfterFunc(20*time.Millisecond, func() { fmt.Fprintln(os.Stderr, "out of cheese"); os.Exit(4) })
		}
	}
	w.Main()
}

// config is what the worker was initialised with.
var config wire.Payload

type job struct {
	Name string `json:"name"`
	MS   int    `json:"ms"`
}

// work takes so many milliseconds, unless it is told to stop.
func work(ctx context.Context, j job) (string, error) {
	fmt.Fprintln(os.Stderr, "begun:", j.Name)
	select {
	case <-time.After(time.Duration(j.MS) * time.Millisecond):
		return j.Name, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stubborn takes so many milliseconds, whatever it is told.
func stubborn(_ context.Context, j job) (string, error) {
	fmt.Fprintln(os.Stderr, "begun:", j.Name)
	time.Sleep(time.Duration(j.MS) * time.Millisecond)
	return j.Name, nil
}

// many answers with 1,000 values of 1 KiB until nobody wants more.
func many(_ context.Context, r exchange.Request) error {
	fmt.Fprintln(os.Stderr, "begun")
	for range 1000 {
		if err := r.Send(strings.Repeat("x", 1<<10)); err != nil {
			return err
		}
	}
	return nil
}

// flood prints so many lines.
func flood(_ context.Context, n int) (int, error) {
	for i := range n {
		fmt.Fprintln(os.Stderr, "line", i)
	}
	return n, nil
}

// spawn starts a process that would live on.
func spawn(context.Context, any) (bool, error) {
	p, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{})
	return p != nil, err
}

// crash answers with a number, or dies of it.
func crash(_ context.Context, in struct {
	ID    int  `json:"id"`
	Crash bool `json:"crash"`
	MS    int  `json:"ms"`
}) (int, error) {
	time.Sleep(time.Duration(in.MS) * time.Millisecond)
	if in.Crash {
		fmt.Fprintf(os.Stderr, "input %d was too much\n", in.ID)
		if p, err := os.FindProcess(os.Getpid()); err == nil {
			_ = p.Kill()
		}
		select {}
	}
	return in.ID, nil
}
