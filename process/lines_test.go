package process

import (
	"bytes"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// However the bytes arrive, the lines are the same.
func TestSplitDoesNotDependOnBlocks(t *testing.T) {
	text := "one\n\ntwo\x00\xff\r\n" + strings.Repeat("x", maxLine) + "\n" + strings.Repeat("y", 2*maxLine+1) + "\nlast"
	want := []string{
		"one", "", "two\x00\xff\r", strings.Repeat("x", maxLine),
		strings.Repeat("y", maxLine) + "+", strings.Repeat("y", maxLine) + "+", "y", "last",
	}
	random := rand.New(rand.NewSource(1))
	for range 20 {
		var s splitter
		var got []string
		emit := func(text []byte, continues bool) {
			line := string(text)
			if continues {
				line += "+"
			}
			got = append(got, line)
		}
		for rest := []byte(text); len(rest) > 0; {
			n := min(len(rest), 1+random.Intn(50_000))
			s.write(rest[:n], emit)
			rest = rest[n:]
		}
		s.end(emit)
		if !slices.Equal(got, want) {
			t.Fatalf("got %d lines, want %d", len(got), len(want))
		}
	}
}

// taken takes what waits in an ended queue.
func taken(q *lineQueue) (lines []Line) {
	for {
		l, ok := q.take()
		if !ok {
			return lines
		}
		l.Text = bytes.Clone(l.Text)
		lines = append(lines, l)
	}
}

// What is dropped is dropped in one place, and told there.
func TestFullQueueTellsWhereLinesAreMissing(t *testing.T) {
	q := newLineQueue(Stdout)
	q.write([]byte("first\n"))
	first, _ := q.take()
	if string(first.Text) != "first" {
		t.Fatalf("%q", first.Text)
	}
	big := []byte(strings.Repeat("x", maxLine) + "\n")
	for range queueBytes/maxLine + 3 {
		q.write(big)
	}
	q.write([]byte("small, but too late\n"))
	for range queueBytes / maxLine {
		if l, _ := q.take(); len(l.Text) != maxLine || l.Missed != 0 {
			t.Fatalf("%d bytes, missed %d", len(l.Text), l.Missed)
		}
	}
	q.write([]byte("after\nlast\n"))
	q.end()
	lines := taken(q)
	if len(lines) != 2 || lines[0].Missed != 4 || string(lines[0].Text) != "after" || lines[1].Missed != 0 {
		t.Fatalf("%+v", lines)
	}
	if q.missedLines() != 4 {
		t.Errorf("missed %d", q.missedLines())
	}
}

func TestEmptyLinesAreBounded(t *testing.T) {
	q := newLineQueue(Stdout)
	for range 100 {
		q.write(bytes.Repeat([]byte("\n"), 1000))
	}
	q.end()
	if lines := taken(q); len(lines) != queueLines || q.missedLines() != 100_000-queueLines {
		t.Errorf("%d lines, missed %d", len(lines), q.missedLines())
	}
}

func TestAbandonedQueueIsCounted(t *testing.T) {
	q := newLineQueue(Stdout)
	q.write([]byte("1\n2\n3\n"))
	q.take()
	q.write([]byte("4\n"))
	q.abandon()
	q.abandon()
	q.write([]byte("5\n"))
	if _, ok := q.take(); ok || q.missedLines() != 4 {
		t.Errorf("missed %d", q.missedLines())
	}
}
