package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// gate is a reader who lets a write pass when it is told to.
type gate struct {
	open  chan error
	lines bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	if err := <-g.open; err != nil {
		return 0, err
	}
	return g.lines.Write(b)
}

func TestLineWriterOrder(t *testing.T) {
	var got, want strings.Builder
	w := newLineWriter(&got, 100)
	for i := range 10000 {
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		if err := w.print([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	w.finish()
	<-w.done
	if got.String() != want.String() {
		t.Errorf("%d bytes were written, want %d", got.Len(), want.Len())
	}
	if err := w.failure(); err != nil {
		t.Error(err)
	}
}

func TestLineWriterWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		w := newLineWriter(g, 4)
		must := func(line string) {
			t.Helper()
			if err := w.print([]byte(line)); err != nil {
				t.Error(err)
			}
		}
		must("1\n") // goes to the gate
		synctest.Wait()
		must("2\n")
		must("3\n") // and these fill the limit
		printed := false
		go func() { must("4\n"); printed = true }()
		synctest.Wait()
		if printed || w.offer([]byte("5\n")) {
			t.Error("a line over the limit did not wait")
		}
		g.open <- nil
		synctest.Wait()
		if !printed {
			t.Error("print waits although there is room")
		}
		if !w.offer([]byte("6\n")) {
			t.Error("offer refuses although there is room")
		}
		g.open <- nil
		w.finish()
		g.open <- nil
		<-w.done
		if got := g.lines.String(); got != "1\n2\n3\n4\n6\n" {
			t.Errorf("got %q", got)
		}
	})
}

func TestLineWriterBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		w := newLineWriter(g, 2)
		w.print([]byte("1\n"))
		synctest.Wait()
		w.print([]byte("2\n"))
		var late error
		go func() { late = w.print([]byte("3\n")) }()
		synctest.Wait()
		g.open <- io.ErrClosedPipe
		synctest.Wait()
		if !errors.Is(late, io.ErrClosedPipe) {
			t.Errorf("who waited got %v", late)
		}
		<-w.broken
		<-w.done
		if err := w.print([]byte("4\n")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("who comes later gets %v", err)
		}
		w.finish()
		if g.lines.Len() > 0 {
			t.Errorf("wrote %q", &g.lines)
		}
	})
}
