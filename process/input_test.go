//go:build unix

package process

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

// 10 MB go through cat, which writes while it reads.
func TestInputThroughCat(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcde\n"), 10<<20/16)
	sum := sha256.New()
	e, err := Run(context.Background(), Command{
		Args:     []string{"cat"},
		Input:    bytes.NewReader(want),
		OnChunk:  func(c Chunk) { sum.Write(c.Data) },
		WhenSlow: PauseCommand,
	})
	if err != nil || !e.Success() || e.Stdout.Missed != 0 {
		t.Fatalf("%v, %v, missed %d", err, e, e.Stdout.Missed)
	}
	if wantSum := sha256.Sum256(want); !bytes.Equal(sum.Sum(nil), wantSum[:]) {
		t.Error("what came out is not what went in")
	}
}

func TestInputOfSmallReads(t *testing.T) {
	e, err := Run(context.Background(), Command{Args: []string{"cat"}, Input: iotest.OneByteReader(strings.NewReader("hello"))})
	if err != nil || string(e.Stdout.Tail) != "hello" {
		t.Errorf("%v, %q", err, e.Stdout.Tail)
	}
}

// Without input the command reads /dev/null, whatever the host's own input is.
func TestNoInput(t *testing.T) {
	e, err := Run(context.Background(), Command{Args: []string{"cat"}})
	if err != nil || !e.Success() || len(e.Stdout.Tail) > 0 {
		t.Errorf("%v, %v", err, e)
	}
}

// A command that leaves its input hides nothing by that.
func TestInputIsNotRead(t *testing.T) {
	for _, script := range []string{"exit 3", "exec <&-; sleep 0.1; exit 3", "read line; exit 3"} {
		e, err := Run(context.Background(), Command{Args: []string{"sh", "-c", script}, Input: bytes.NewReader(bytes.Repeat([]byte("\n"), 10<<20))})
		if err != nil || e.Code != 3 || e.InputErr != nil {
			t.Errorf("%s: %v, %v, input %v", script, err, e, e.InputErr)
		}
	}
}

// A reader that never returns holds up nobody, and its goroutine ends when it does return.
func TestInputThatBlocks(t *testing.T) {
	r, w := io.Pipe()
	e, err := Run(context.Background(), Command{Args: []string{"sh", "-c", "exit 3"}, Input: r})
	if err != nil || e.Code != 3 {
		t.Errorf("%v, %v", err, e)
	}
	w.Close() // the leak test finds it otherwise
}

// A command that never reads is stopped although the write to it blocks.
func TestInputIntoTheDeaf(t *testing.T) {
	c := child(t, "deaf")
	c.Input = bytes.NewReader(make([]byte, 10<<20))
	p, h := startHeard(t, c)
	h.await(t, Stdout, "ready")
	p.Kill("enough")
	if e := end(t, p); !e.KilledByHost() || e.InputErr != nil {
		t.Errorf("%v, input %v", e, e.InputErr)
	}
}

// A result of half the input must not be taken for a good one.
func TestInputThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	e, err := Run(context.Background(), Command{
		Args:  []string{"sh", "-c", "cat; exit 0"},
		Input: io.MultiReader(strings.NewReader("first half"), iotest.ErrReader(broken)),
	})
	if !errors.Is(err, broken) || e == nil || e.InputErr != broken || string(e.Stdout.Tail) != "first half" {
		t.Errorf("%v, %+v", err, e)
	}
}

// A reader is not asked again once the command is over.
func TestInputEndsWithTheCommand(t *testing.T) {
	var reads atomic.Int64
	endless := readerFunc(func(b []byte) (int, error) {
		reads.Add(1)
		return len(b), nil
	})
	if e, err := Run(context.Background(), Command{Args: []string{"sh", "-c", "head -c 100000 >/dev/null"}, Input: endless}); err != nil || !e.Success() {
		t.Errorf("%v, %v", err, e)
	}
	if n := reads.Load(); n == 0 || n > 100 {
		t.Errorf("%d reads", n)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
