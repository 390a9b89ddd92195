// Echo-worker has one method for each thing that a worker can do, and for each that it
// should not. Try
//
//	echo '{"hello":"world"}' | bin/kinwire run -- bin/echo-worker
//	echo '{"n":3}' | bin/kinwire run --method count -- bin/echo-worker
package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/wire"
)

func main() {
	w := child.Worker{
		Name: "echo-worker",
		Handlers: child.Handlers{
			"":      child.Duplex(echo),
			"echo":  child.Duplex(echo),
			"count": child.Stream(count),
			"sleep": child.Func(sleep),
			"fail":  child.Func(fail),
			"log":   child.Func(log),
			"print": child.Func(print),
			"panic": child.Func(panics),
			"exit":  child.Func(exit),
			"host":  child.Func(host),
		},
	}
	w.Main()
}

// echo sends every value back as it came, be it one or many.
func echo(_ context.Context, values iter.Seq2[wire.Payload, error]) iter.Seq2[wire.Payload, error] {
	return values
}

type countTo struct {
	N int `json:"n"`
}

// count streams the numbers from 0 to n-1.
func count(_ context.Context, to countTo) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range to.N {
			if !yield(i, nil) {
				return
			}
		}
	}
}

type duration struct {
	Milliseconds int64 `json:"ms"`
}

// sleep answers after that time, or as soon as the caller gives up.
func sleep(ctx context.Context, d duration) (duration, error) {
	t := time.NewTimer(time.Duration(d.Milliseconds) * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return d, nil
	case <-ctx.Done():
		return d, ctx.Err()
	}
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// fail answers with that error.
func fail(_ context.Context, f failure) (any, error) {
	return nil, wire.Errorf(f.Code, "%s", f.Message)
}

type line struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

// log writes a line to the worker's log.
func log(ctx context.Context, l line) (bool, error) {
	level, err := zapcore.ParseLevel(l.Level)
	if err != nil || level > zapcore.ErrorLevel { // above are those that end the program
		return false, wire.Errorf(wire.CodeBadInput, "the level is %q, and not debug, info, warn or error", l.Level)
	}
	child.Logger(ctx).Log(level, l.Text, zap.String("method", "log"))
	return true, nil
}

// print prints a line on standard output, where it does no harm.
func print(_ context.Context, l line) (bool, error) {
	_, err := fmt.Println(l.Text)
	return err == nil, err
}

// panics panics, of which only this call takes harm.
func panics(_ context.Context, message any) (any, error) {
	panic(message)
}

type status struct {
	Code int `json:"code"`
}

// exit ends the worker on the spot, as a crash would.
func exit(_ context.Context, s status) (any, error) {
	os.Exit(s.Code)
	return nil, nil
}

type hostCall struct {
	Method string       `json:"method"`
	Input  wire.Payload `json:"input"`
}

// host calls a method of the host and returns the answer.
func host(ctx context.Context, c hostCall) (answer wire.Payload, err error) {
	err = child.Host(ctx).Call(ctx, c.Method, c.Input, &answer)
	return answer, err
}
