//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"
)

// startLines is StartLines that can't fail.
func startLines(t *testing.T, ctx context.Context, c Command) (*Process, iter.Seq[Line]) {
	t.Helper()
	p, lines, err := StartLines(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill("the test is over")
		end(t, p)
	})
	return p, lines
}

func TestLines(t *testing.T) {
	p, lines := startLines(t, context.Background(), Command{Args: []string{"sh", "-c", "echo 1; echo 2 >&2; sleep 0.1; echo 3; exit 3"}})
	got := map[string]Stream{}
	for l := range lines {
		got[string(l.Text)] = l.Stream
	}
	if fmt.Sprint(got) != "map[1:stdout 2:stderr 3:stdout]" {
		t.Error(got)
	}
	if e := p.Exit(); e == nil || e.Code != 3 {
		t.Errorf("after the loop: %v", e)
	}
	for l := range lines {
		t.Errorf("a second loop: %q", l.Text)
	}
}

// However slow the loop is, also after the exit, it gets all of it.
func TestLinesOfSlowLoop(t *testing.T) {
	const count = 100_000
	p, lines := startLines(t, context.Background(), child(t, "number", fmt.Sprint(count)))
	next := 0
	for l := range lines {
		if next == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if l.Stream == Stdout {
			if want := fmt.Sprintf("line %d", next); string(l.Text) != want {
				t.Fatalf("%q, want %q", l.Text, want)
			}
			next++
		}
		if next == count-1000 {
			await(t, "the end does not wait for the loop", p.Done())
		}
	}
	if e := p.Exit(); !e.Success() || next != count || e.Stdout.Missed != 0 {
		t.Errorf("%d lines, missed %d, %v", next, e.Stdout.Missed, e)
	}
}

// Leaving the loop ends the command, before the next statement.
func TestLinesAreLeft(t *testing.T) {
	p, lines := startLines(t, context.Background(), child(t, "flood"))
	for range lines {
		eventually(t, "the reader waits", func() bool { return p.queues[0].holdsUp() })
		break
	}
	if e := p.Exit(); e == nil || e.Reason != "its output is not wanted any more" {
		t.Errorf("%v", e)
	}
	for l := range lines {
		t.Fatalf("a second loop: %q", l.Text)
	}
}

func TestLinesAndPanic(t *testing.T) {
	p, lines := startLines(t, context.Background(), child(t, "flood"))
	func() {
		defer func() {
			if recover() != "ouch" {
				t.Error("the panic is lost")
			}
		}()
		for range lines {
			panic("ouch")
		}
	}()
	if e := p.Exit(); e == nil || e.Reason != "its output is not wanted any more" {
		t.Errorf("%v", e)
	}
}

// A command that prints nothing is cancelled all the same.
func TestLinesOfTheSilent(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p, lines := startLines(t, ctx, Command{Args: []string{"sh", "-c", "echo ready; exec sleep 1000"}})
	for range lines {
		cancel()
	}
	if e := p.Exit(); e == nil || e.Reason != "context canceled" || !e.KilledByHost() {
		t.Errorf("%v", e)
	}
}

// What printed its last is not over.
func TestLinesEndWithTheCommand(t *testing.T) {
	p, lines := startLines(t, context.Background(), Command{Args: []string{"sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 3"}})
	for range lines {
	}
	if e := p.Exit(); e == nil || e.Code != 3 {
		t.Errorf("%v", e)
	}
}

// Nobody has to loop.
func TestLinesThatNobodyWants(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, _ := startLines(t, ctx, child(t, "flood"))
	eventually(t, "the reader waits", func() bool { return p.queues[0].holdsUp() })
	cancel()
	if e := end(t, p); e.Reason != "context canceled" {
		t.Errorf("%v", e)
	}
}

func TestStopFromTheLoop(t *testing.T) {
	p, lines := startLines(t, context.Background(), child(t, "flood"))
	for range lines {
		stop(t, p, Ladder{}, "heard enough")
	}
	if e := p.Exit(); e.Reason != "heard enough" {
		t.Errorf("%v", e)
	}
}

func TestLinesOfNothing(t *testing.T) {
	_, _, err := StartLines(context.Background(), Command{Args: []string{"/none/such"}})
	var startErr *StartError
	if !errors.As(err, &startErr) || startErr.Cause != CauseProgram {
		t.Error(err)
	}
	_, _, err = StartLines(context.Background(), Command{Args: []string{"true"}, OnLine: func(Line) {}})
	if !errors.As(err, &startErr) || startErr.Cause != CauseCommand {
		t.Error(err)
	}
}
