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
	text := "one\n\ntwo\x00\xff\r\n" + strings.Repeat("x", defaultMaxLine) + "\n" + strings.Repeat("y", 2*defaultMaxLine+1) + "\nlast"
	want := []string{
		"one", "", "two\x00\xff\r", strings.Repeat("x", defaultMaxLine),
		strings.Repeat("y", defaultMaxLine) + "+", strings.Repeat("y", defaultMaxLine) + "+", "y", "last",
	}
	random := rand.New(rand.NewSource(1))
	for range 20 {
		s := splitter{max: defaultMaxLine}
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

// newLines returns a queue that nobody empties, and a way into it.
func newLines() (*queue, sink) {
	q := newQueue(DropOutput, defaultMaxLine, 1, nil)
	return q, Command{}.lineSink(q, Stdout)
}

// taken takes what waits in an ended queue.
func taken(q *queue) (items []item) {
	for {
		i, ok := q.take()
		if !ok {
			return items
		}
		i.text = bytes.Clone(i.text)
		items = append(items, i)
	}
}

// What is dropped is dropped in one place, and told there.
func TestFullQueueTellsWhereLinesAreMissing(t *testing.T) {
	q, in := newLines()
	in.write([]byte("first\n"))
	first, _ := q.take()
	if string(first.text) != "first" {
		t.Fatalf("%q", first.text)
	}
	big := []byte(strings.Repeat("x", defaultMaxLine) + "\n")
	for range queueBytes/defaultMaxLine + 3 {
		in.write(big)
	}
	in.write([]byte("small, but too late\n"))
	for range queueBytes / defaultMaxLine {
		if l, _ := q.take(); len(l.text) != defaultMaxLine || l.missed != 0 {
			t.Fatalf("%d bytes, missed %d", len(l.text), l.missed)
		}
	}
	in.write([]byte("after\nlast\n"))
	in.end()
	lines := taken(q)
	if len(lines) != 2 || lines[0].missed != 4 || string(lines[0].text) != "after" || lines[1].missed != 0 {
		t.Fatalf("%+v", lines)
	}
	if in.missed() != 4 {
		t.Errorf("missed %d", in.missed())
	}
}

func TestEmptyLinesAreBounded(t *testing.T) {
	q, in := newLines()
	for range 100 {
		in.write(bytes.Repeat([]byte("\n"), 1000))
	}
	in.end()
	if lines := taken(q); len(lines) != queueLines || in.missed() != 100_000-queueLines {
		t.Errorf("%d lines, missed %d", len(lines), in.missed())
	}
}

func TestAbandonedQueueIsCounted(t *testing.T) {
	q, in := newLines()
	in.write([]byte("1\n2\n3\n"))
	q.take()
	in.write([]byte("4\n"))
	q.abandon()
	q.abandon()
	in.write([]byte("5\n"))
	if _, ok := q.take(); ok || in.missed() != 4 {
		t.Errorf("missed %d", in.missed())
	}
}
