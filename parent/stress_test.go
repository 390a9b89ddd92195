//go:build unix

package parent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// TestStress torments workers: they are stopped and continued at random moments, and at last
// killed or shut down, while everything goes on that callers can do. KINWIRE_SOAK=1 makes it
// long.
func TestStress(t *testing.T) {
	rounds, length := 3, 150*time.Millisecond
	if os.Getenv("KINWIRE_SOAK") == "1" {
		rounds, length = 60, time.Second
	}
	overAll(t, func(t *testing.T, link transport.Transport) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		for round := range rounds {
			torment(t, link, random, length, round%2 == 0)
		}
	})
}

// torment starts one worker and uses it up.
func torment(t *testing.T, link transport.Transport, random *rand.Rand, length time.Duration, kill bool) {
	t.Helper()
	spec := program("worker")
	spec.Transport = link
	spec.Limits.Concurrency = 12
	spec.Handlers = exchange.Handlers{"answer": exchange.Func(func(_ context.Context, v any) (any, error) { return v, nil })}
	w := start(t, spec)

	ended := make(chan struct{})
	var callers sync.WaitGroup
	for i := range 16 {
		random := rand.New(rand.NewPCG(random.Uint64(), 0))
		callers.Go(func() {
			c := tormented{w: w, random: random}
			for over := false; !over; {
				select {
				case <-ended:
					over = !kill // else the calls say so
				default:
				}
				err := c.operation(t.Context())
				var lost *process.ExitError
				if errors.As(err, &lost) {
					if !kill || lost.Exit == nil || lost.Exit.Signal != syscall.SIGKILL || lost.Sent == errors.Is(err, wire.ErrNotSent) {
						t.Errorf("caller %d: %v", i, err)
					}
					over = true
				} else if err != nil {
					t.Errorf("caller %d: %v", i, err)
					over = true
				}
			}
		})
	}
	for begun := time.Now(); time.Since(begun) < length; {
		time.Sleep(time.Duration(random.IntN(5000)) * time.Microsecond)
		syscall.Kill(w.PID(), syscall.SIGSTOP)
		time.Sleep(time.Duration(random.IntN(10_000)) * time.Microsecond)
		if kill && time.Since(begun) > length/2 && random.IntN(3) == 0 {
			break // while it is stopped
		}
		syscall.Kill(w.PID(), syscall.SIGCONT)
	}
	if kill {
		syscall.Kill(w.PID(), syscall.SIGKILL)
	}
	close(ended)
	all := make(chan struct{})
	go func() { callers.Wait(); close(all) }()
	await(t, "the end of all calls", all)
	if !kill {
		if err := w.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	await(t, "the end of the worker", w.Done())
}

// tormented calls a worker that is.
type tormented struct {
	w      *Worker
	random *rand.Rand
	reused []byte
}

// operation does one thing, and returns an error if it does not end as it may.
func (c *tormented) operation(ctx context.Context) error {
	cancelled := false
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	switch c.random.IntN(4) {
	case 0:
		cancelled = true
		defer time.AfterFunc(time.Duration(c.random.IntN(3000))*time.Microsecond, cancel).Stop()
	case 1:
		cancelled = true
		ctx, cancel = context.WithTimeout(ctx, time.Duration(100+c.random.IntN(20_000))*time.Microsecond)
		defer cancel()
	}
	err := c.do(ctx)
	if cancelled && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		isCode(err, wire.CodeCanceled) || isCode(err, wire.CodeDeadlineExceeded) || isCode(err, wire.CodeFailed)) {
		return nil
	}
	return err
}

func (c *tormented) do(ctx context.Context) error {
	in := make([]byte, []int{0, 1, 100, 5000, 9000, 20_000, 100_000, 1 << 20}[c.random.IntN(8)])
	for i := range in {
		in[i] = byte(i*7) + byte(i>>8)
	}
	if len(in) > 0 {
		in[len(in)-1], in[0] = byte(c.random.Uint32()), byte(c.random.Uint32())
	}
	switch c.random.IntN(8) {
	case 0:
		return c.stream(ctx, in)
	case 1:
		x, err := c.w.Open(ctx, "flood", nil)
		if err != nil {
			return err
		}
		defer x.Close()
		for range c.random.IntN(20) {
			if _, err := x.Recv(); err != nil {
				return err
			}
		}
		return nil
	case 2:
		n := c.random.IntN(1000)
		got, err := exchange.Call[int](ctx, c.w, "host", n)
		if err == nil && got != n {
			err = fmt.Errorf("the host's answer to %d is %d", n, got)
		}
		if isCode(err, wire.CodeOverloaded) {
			return nil
		}
		return err
	case 3:
		err := c.w.Call(ctx, "panic", nil, nil)
		if isCode(err, wire.CodePanicked) {
			return nil
		}
		if err == nil {
			err = errors.New("a handler that panics succeeds")
		}
		return err
	}
	if err := c.w.Call(ctx, "", in, &c.reused); err != nil {
		return err
	}
	if !bytes.Equal(in, c.reused) {
		return fmt.Errorf("an answer of %d bytes is torn: %d bytes", len(in), len(c.reused))
	}
	return nil
}

func (c *tormented) stream(ctx context.Context, in []byte) error {
	x, err := c.w.Open(ctx, "echo", in)
	if err != nil {
		return err
	}
	defer x.Close()
	for range 1 + c.random.IntN(4) {
		v, err := x.Recv()
		if err != nil {
			return err
		}
		if b, _ := v.Bin(); !bytes.Equal(in, b) {
			return fmt.Errorf("a value of %d bytes is torn: %d bytes", len(in), len(b))
		}
		if err := x.Send(in); err != nil {
			_, err = x.Recv() // which has the reason
			return err
		}
	}
	return nil
}
