package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// calls is a worker that answers the nth call, counted from 1, with what it returns.
func calls(answer func(ctx context.Context, n int64) error) Loop {
	var n atomic.Int64
	return Loop{
		Call: func(ctx context.Context, _ *wire.Payload) error { return answer(ctx, n.Add(1)) },
		Code: func(err error) string { return err.Error()[:1] },
	}
}

// wantLatency allows for what three digits can't tell.
func wantLatency(t *testing.T, name string, got, want time.Duration) {
	t.Helper()
	if d := got - want; d < -want/500 || d > want/500 {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := calls(func(_ context.Context, n int64) error {
			if n == 50 {
				time.Sleep(9 * time.Millisecond)
			}
			time.Sleep(time.Millisecond)
			return nil
		})
		l, err := loop.Run(t.Context(), 2, 100*time.Millisecond)
		if err != nil || l.InFlight != 2 || l.Calls != 191 || l.Failed() != 0 || l.Elapsed != 100*time.Millisecond {
			t.Errorf("got %+v, %v", l, err)
		}
		if got := l.Rate(); got != 1910 {
			t.Errorf("the rate is %v", got)
		}
		wantLatency(t, "min", l.Latency.Min, time.Millisecond)
		wantLatency(t, "mean", l.Latency.Mean, (190+10)*time.Millisecond/191)
		wantLatency(t, "p50", l.Latency.P50, time.Millisecond)
		wantLatency(t, "p90", l.Latency.P90, time.Millisecond)
		wantLatency(t, "p99", l.Latency.P99, time.Millisecond)
		wantLatency(t, "p99.9", l.Latency.P999, 10*time.Millisecond)
		wantLatency(t, "max", l.Latency.Max, 10*time.Millisecond)
	})
}

// Each caller calls once at least, and waits for its answer.
func TestRunSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := calls(func(context.Context, int64) error { time.Sleep(time.Minute); return nil })
		l, err := loop.Run(t.Context(), 3, time.Millisecond)
		if err != nil || l.Calls != 3 || l.Elapsed != time.Minute {
			t.Errorf("got %+v, %v", l, err)
		}
	})
}

func TestRunCountsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := calls(func(_ context.Context, n int64) error {
			time.Sleep(time.Millisecond)
			switch n % 4 {
			case 0:
				return fmt.Errorf("b %d", n)
			case 1:
				return fmt.Errorf("a %d", n)
			}
			return nil
		})
		l, err := loop.Run(t.Context(), 1, 12*time.Millisecond)
		if err != nil || l.Calls != 6 || l.Failed() != 6 {
			t.Errorf("got %+v, %v", l, err)
		}
		if got := fmt.Sprint(l.Failures); got != "[{a a 1 3} {b b 4 3}]" {
			t.Errorf("the failures are %s", got)
		}
	})
}

// With the end of the worker all callers stop.
func TestRunExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exit := &process.ExitError{Name: "w", Exit: &process.Exit{}}
		loop := calls(func(_ context.Context, n int64) error {
			time.Sleep(time.Millisecond)
			if n > 10 {
				return exit
			}
			return nil
		})
		l, err := loop.Run(t.Context(), 4, time.Hour)
		if !errors.Is(err, exit) || l.Calls != 10 || l.Failed() != 4 || l.Elapsed != 4*time.Millisecond {
			t.Errorf("got %+v, %v", l, err)
		}
	})
}

// What is cut short is neither a success nor a failure.
func TestRunCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		loop := calls(func(ctx context.Context, n int64) error {
			if n > 7 {
				<-ctx.Done()
			}
			return ctx.Err()
		})
		l, err := loop.Run(ctx, 5, time.Hour)
		if err != nil || l.Calls != 7 || l.Failed() != 0 || l.Elapsed != 100*time.Millisecond {
			t.Errorf("got %+v, %v", l, err)
		}
	})
}

// A caller's answers have the memory of the one before to themselves.
func TestRunAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var callers atomic.Int64
		loop := Loop{Call: func(_ context.Context, answer *wire.Payload) error {
			time.Sleep(time.Millisecond)
			if len(*answer) == 0 {
				callers.Add(1)
			}
			*answer = append((*answer)[:0], 1)
			return nil
		}}
		if l, err := loop.Run(t.Context(), 3, 10*time.Millisecond); err != nil || l.Calls != 30 || callers.Load() != 3 {
			t.Errorf("%d callers in %+v, %v", callers.Load(), l, err)
		}
	})
}
