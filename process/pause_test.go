//go:build unix

package process

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// With back-pressure nothing is lost: the command waits for the one who reads.
func TestPauseLosesNothing(t *testing.T) {
	const lines = 200_000
	c := child(t, "number", fmt.Sprint(lines))
	c.WhenSlow = PauseCommand
	c.Drain = -1
	next := 0
	c.OnLine = func(l Line) {
		if l.Stream == Stderr {
			return
		}
		if want := "line " + strconv.Itoa(next); string(l.Text) != want || l.Missed != 0 {
			t.Errorf("%q, want %q; missed %d", l.Text, want, l.Missed)
		}
		if next++; next%10_000 == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if e := run(t, c); next != lines || e.Stdout.Missed != 0 {
		t.Errorf("%d lines, missed %d", next, e.Stdout.Missed)
	}
}

// The command really waits, and holding it up costs no memory.
func TestPauseHoldsTheCommandUp(t *testing.T) {
	release, held := make(chan struct{}), make(chan struct{})
	var size atomic.Int64
	c := Command{Args: []string{"sh", "-c", "head -c 50000000 /dev/zero; echo written >&2"}, WhenSlow: PauseCommand}
	var written atomic.Bool
	first := true
	c.OnChunk = func(chunk Chunk) {
		if chunk.Stream == Stderr {
			written.Store(true)
			return
		}
		if first {
			first = false
			close(held)
			<-release
		}
		size.Add(int64(len(chunk.Data)))
	}
	p := start(t, c)
	await(t, "the first chunk", held)
	eventually(t, "the reader waits", func() bool { return p.queues[0].holdsUp() })
	time.Sleep(50 * time.Millisecond)
	if written.Load() {
		t.Error("the command did not wait")
	}
	close(release)
	if e := end(t, p); size.Load() != 50_000_000 || e.Stdout.Missed != 0 || !written.Load() {
		t.Errorf("%d bytes, missed %d", size.Load(), e.Stdout.Missed)
	}
}

// A callback that never returns makes the command wait, but not the one who stops it.
func TestPauseAndHang(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	c := child(t, "flood")
	c.WhenSlow = PauseCommand
	c.OnLine = func(Line) { <-release }
	p := start(t, c)
	eventually(t, "the reader waits", func() bool { return p.queues[0].holdsUp() })
	stop(t, p, Ladder{}, "shutdown")
	if e := p.Exit(); e.Reason != "shutdown" || e.Stdout.Missed == 0 {
		t.Errorf("%v, missed %d", e, e.Stdout.Missed)
	}
}

// A command that is over by itself, with all its output still in the pipe, is over, though
// nobody takes any of that for a while; and nothing is lost.
func TestPauseAndExit(t *testing.T) {
	release := make(chan struct{})
	var got bytes.Buffer
	c := Command{
		Args:     []string{"sh", "-c", "printf '%s\\n' first; sleep 0.2; head -c 1100000 /dev/zero | tr '\\0' 'x'"},
		WhenSlow: PauseCommand,
		Drain:    -1,
		OnChunk: func(c Chunk) {
			<-release
			got.Write(c.Data)
		},
	}
	p := start(t, c)
	await(t, "the exit", p.Exited())
	close(release)
	if e := end(t, p); e.Stdout.Missed != 0 || got.Len() != 1_100_006 {
		t.Errorf("got %d bytes, missed %d", got.Len(), e.Stdout.Missed)
	}
}

// Also a long line that has no end when the command exits is not lost.
func TestPauseAndExitWithinALine(t *testing.T) {
	const size = 6 << 20
	release := make(chan struct{})
	var got atomic.Int64
	c := child(t, "print", fmt.Sprint(size))
	c.WhenSlow, c.Drain, c.MaxLine = PauseCommand, -1, 4<<20
	c.OnLine = func(l Line) {
		<-release
		got.Add(int64(len(l.Text)))
	}
	p := start(t, c)
	await(t, "the exit", p.Exited())
	close(release)
	if e := end(t, p); e.Stdout.Missed != 0 || got.Load() != size+3 {
		t.Errorf("got %d bytes, missed %d", got.Load(), e.Stdout.Missed)
	}
}

// Drain is how long the last lines may take. Then they are counted as missed.
func TestDrain(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	c := Command{Args: []string{"sh", "-c", "echo 1; echo 2; echo 3"}, Drain: 300 * time.Millisecond, OnLine: func(Line) { <-release }}
	if e := run(t, c); e.Stdout.Missed != 2 {
		t.Errorf("missed %d", e.Stdout.Missed)
	}
}

// Chunks are dropped by the byte.
func TestSlowOnChunk(t *testing.T) {
	const size = 20 << 20
	release := make(chan struct{})
	var got, missed int
	c := child(t, "print", fmt.Sprint(size))
	c.OnChunk = func(c Chunk) {
		if c.Stream == Stdout {
			<-release
			got += len(c.Data)
			missed += c.Missed
		}
	}
	p := start(t, c)
	await(t, "the exit", p.Exited())
	close(release)
	e := end(t, p)
	if got+e.Stdout.Missed != size+4 || e.Stdout.Missed == 0 || missed > e.Stdout.Missed {
		t.Errorf("got %d, missed %d as told by chunks, %d in all", got, missed, e.Stdout.Missed)
	}
}

// A line of 10 MB comes whole to whoever asks for that, and else in pieces.
func TestLineOf10MB(t *testing.T) {
	const size = 10 << 20
	for _, maxLine := range []int{0, 1000, size + 3, 16 << 20} {
		c := child(t, "print", fmt.Sprint(size))
		c.MaxLine, c.WhenSlow, c.Drain = maxLine, PauseCommand, -1
		var whole strings.Builder
		pieces, ended := 0, 0
		c.OnLine = func(l Line) {
			pieces++
			whole.Write(l.Text)
			if !l.Continues {
				ended++
			}
			if len(l.Text) > c.maxLine() {
				t.Errorf("max %d: a piece of %d", maxLine, len(l.Text))
			}
		}
		e := run(t, c)
		wantPieces := (size + 3 + c.maxLine() - 1) / c.maxLine()
		if whole.Len() != size+3 || ended != 1 || pieces != wantPieces || e.Stdout.Missed != 0 {
			t.Errorf("max %d: %d bytes in %d pieces, want %d; %d ended, missed %d",
				maxLine, whole.Len(), pieces, wantPieces, ended, e.Stdout.Missed)
		}
	}
}

// A slow reader is no fault of the command.
func TestPauseIsNotSilence(t *testing.T) {
	release := make(chan struct{})
	c := Command{
		Args:     []string{"sh", "-c", "head -c 5000000 /dev/zero"},
		WhenSlow: PauseCommand,
		Limits:   Limits{Silence: time.Second},
		OnChunk:  func(Chunk) { <-release },
		Drain:    -1,
	}
	p, err := Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the reader waits", func() bool { return p.queues[0].holdsUp() })
	time.Sleep(1500 * time.Millisecond)
	close(release)
	if e := end(t, p); !e.Success() || e.Limit != NoLimit {
		t.Errorf("%v, limit %v", e, e.Limit)
	}
}
