//go:build unix

package process

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// The exit status is there, and is no error.
func TestRun(t *testing.T) {
	e, err := Run(context.Background(), Command{Args: []string{"sh", "-c", "echo out; echo err >&2; exit 3"}})
	if err != nil || e.Code != 3 || string(e.Stdout.Tail) != "out\n" || string(e.Stderr.Tail) != "err\n" {
		t.Errorf("%v, %+v", err, e)
	}
}

// What can't be started is a *StartError.
func TestRunOfNothing(t *testing.T) {
	e, err := Run(context.Background(), Command{Args: []string{"/none/such"}})
	var startErr *StartError
	if e != nil || !errors.As(err, &startErr) || startErr.Cause != CauseProgram || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, %v", e, err)
	}
}

// A silent command is cancelled, and its report comes with the error.
func TestRunIsCancelled(t *testing.T) {
	enough := errors.New("heard enough")
	for name, c := range map[string]Command{
		"silent": {Args: []string{"sleep", "1000"}},
		"deaf":   child(t, "deaf"),
		"polite": child(t, "polite"),
		"flood":  child(t, "flood"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Stop.Term = 300 * time.Millisecond
			ctx, cancel := context.WithCancelCause(context.Background())
			time.AfterFunc(200*time.Millisecond, func() { cancel(enough) })
			e, err := Run(ctx, c)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, enough) || e == nil {
				t.Fatalf("%v, %v", e, err)
			}
			if e.Reason != "context canceled: heard enough" {
				t.Errorf("reason %q", e.Reason)
			}
		})
	}
}

func TestRunDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	e, err := Run(ctx, Command{Args: []string{"sleep", "1000"}, Name: "nap"})
	if !errors.Is(err, context.DeadlineExceeded) || e == nil || !e.KilledByHost() || !strings.HasPrefix(err.Error(), "nap (pid ") {
		t.Errorf("%v, %v", e, err)
	}
}

// A command that has ended by itself has ended well, whatever the context does next.
func TestWaitAfterTheExit(t *testing.T) {
	p := start(t, Command{Args: []string{"sh", "-c", "exit 3"}})
	await(t, "the exit", p.Exited())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if e, err := p.Wait(ctx); err != nil || e.Code != 3 {
		t.Errorf("%v, %v", e, err)
	}
}

// Whoever waits may be many, and one of them may give up for all.
func TestWaits(t *testing.T) {
	p := start(t, Command{Args: []string{"sleep", "1000"}})
	ctx, cancel := context.WithCancel(context.Background())
	others := make(chan error, 3)
	for range cap(others) {
		go func() {
			_, err := p.Wait(context.Background())
			others <- err
		}()
	}
	cancel()
	if _, err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for range cap(others) {
		if err := <-others; err != nil {
			t.Error(err)
		}
	}
}
