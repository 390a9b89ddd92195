//go:build unix

package process

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestFastExitLosesNothing(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 50
	}
	for i := range rounds {
		h := newHeard()
		c := Command{Args: []string{"sh", "-c", fmt.Sprintf("echo first; echo last %d; echo oops >&2; exit 3", i)}}
		if i%2 == 0 {
			c.OnLine = h.onLine
		}
		e := run(t, c)
		want := fmt.Sprintf("first\nlast %d\n", i)
		if string(e.Stdout.Tail) != want || string(e.Stderr.Tail) != "oops\n" || e.Code != 3 {
			t.Fatalf("round %d: %v, stdout %q, stderr %q", i, e, e.Stdout.Tail, e.Stderr.Tail)
		}
		if got := strings.Join(h.all(Stdout), "\n") + "\n"; c.OnLine != nil && got != want {
			t.Fatalf("round %d: lines %q", i, got)
		}
	}
}

func TestLongLinesAreCut(t *testing.T) {
	for _, size := range []int{defaultMaxLine - 4, defaultMaxLine - 3, defaultMaxLine + 1, 10 << 20} {
		p, h := startHeard(t, child(t, "print", fmt.Sprint(size)))
		e := end(t, p)
		pieces := (size + len("end") + defaultMaxLine - 1) / defaultMaxLine
		if len(h.lines)+e.Stdout.Missed != pieces { // a busy machine may miss some of the 10 MB
			t.Errorf("size %d: %d pieces, missed %d, want %d", size, len(h.lines), e.Stdout.Missed, pieces)
		}
		for i, l := range h.lines {
			isLast := !l.Continues
			if isLast && (i != pieces-1-e.Stdout.Missed || !bytes.HasSuffix(l.Text, []byte("end"))) || !isLast && len(l.Text) != defaultMaxLine {
				t.Errorf("size %d: piece %d has %d bytes, continues %t", size, i, len(l.Text), l.Continues)
			}
		}
		if total := int64(size + 4); int64(len(e.Stdout.Tail))+e.Stdout.Cut != total || len(e.Stdout.Tail) != int(min(total, tailSize)) {
			t.Errorf("size %d: tail %d, cut %d", size, len(e.Stdout.Tail), e.Stdout.Cut)
		}
		if !bytes.HasSuffix(e.Stdout.Tail, []byte("end\n")) || !e.Success() {
			t.Errorf("size %d: %v", size, e)
		}
	}
}

func TestAnyBytesPass(t *testing.T) {
	p, h := startHeard(t, Command{Args: []string{"printf", `a\000b\377\376\n\nno end`}})
	e := end(t, p)
	want := []string{"a\x00b\xff\xfe", "", "no end"}
	if got := h.all(Stdout); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := e.LastWords(), "a\x00b\uFFFD\nno end"; got != want {
		t.Errorf("last words %q, want %q", got, want)
	}
}

// The command prints far more than may wait, and ends although nothing is taken.
func TestSlowOnLine(t *testing.T) {
	const lines = 500_000
	release := make(chan struct{})
	var got, missed atomic.Int64
	var last atomic.Pointer[string]
	c := child(t, "number", fmt.Sprint(lines))
	c.OnLine = func(l Line) {
		if l.Stream == Stderr {
			close(release) // the command has printed all that it wanted to
			return
		}
		<-release
		got.Add(1)
		missed.Add(int64(l.Missed))
		text := string(l.Text)
		last.Store(&text)
	}
	e := run(t, c)
	if e.Stdout.Missed == 0 || got.Load()+int64(e.Stdout.Missed) != lines || missed.Load() > int64(e.Stdout.Missed) {
		t.Errorf("got %d, missed %d as told by lines, %d in all", got.Load(), missed.Load(), e.Stdout.Missed)
	}
	if got.Load() > 2*queueLines+2 {
		t.Errorf("%d lines waited", got.Load())
	}
	if tail := string(e.Stdout.Tail); !strings.HasSuffix(tail, fmt.Sprintf("line %d\n", lines-1)) {
		t.Errorf("the tail ends with %q", tail[len(tail)-20:])
	}
}

// An OnLine that never returns keeps nobody waiting for ever.
func TestOnLineThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	var calls atomic.Int64
	c := child(t, "number", "1000")
	c.OnLine = func(l Line) {
		calls.Add(1)
		<-release
	}
	e := run(t, c)
	if e.Stdout.Missed != 999 || e.Stderr.Missed != 0 || calls.Load() != 2 {
		t.Errorf("%d calls, %d missed", calls.Load(), e.Stdout.Missed)
	}
}

// A callback that ends its goroutine, as t.FailNow does, keeps nothing from coming to its end.
func TestOnLineThatEndsItsGoroutine(t *testing.T) {
	c := child(t, "number", "100000")
	c.WhenSlow, c.Drain = PauseCommand, -1
	c.OnLine = func(l Line) {
		if l.Stream == Stdout {
			runtime.Goexit()
		}
	}
	if e := run(t, c); !e.Success() || e.Stdout.Missed != 100000-1 || e.Stderr.Missed != 0 {
		t.Errorf("%v, missed %d and %d", e, e.Stdout.Missed, e.Stderr.Missed)
	}
}

func TestOnLineIsOneAtATimeForEachStream(t *testing.T) {
	var busy [3]atomic.Bool
	c := Command{Args: []string{"sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo $i >&2; done"}}
	c.OnLine = func(l Line) {
		if busy[l.Stream].Swap(true) {
			t.Error("two calls at a time")
		}
		time.Sleep(time.Millisecond)
		busy[l.Stream].Store(false)
	}
	run(t, c)
}

func TestStdoutOfCaller(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	e := run(t, Command{Args: []string{"sh", "-c", "echo out; echo err >&2"}, Stdout: file})
	if got, _ := os.ReadFile(file.Name()); string(got) != "out\n" || len(e.Stdout.Tail) != 0 || string(e.Stderr.Tail) != "err\n" {
		t.Errorf("file %q, report %q %q", got, e.Stdout.Tail, e.Stderr.Tail)
	}
}

// What a child is started with: nothing but its own, in blocking mode.
func TestInheritance(t *testing.T) {
	t.Setenv("KINWIRE_TEST_REMOVE", "1")
	t.Setenv("KINWIRE_TEST_CHANGE", "1")
	t.Setenv("KINWIRE_TEST_KEEP", "1")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	c := child(t, "facts", "KINWIRE_TEST_REMOVE", "KINWIRE_TEST_CHANGE", "KINWIRE_TEST_KEEP")
	c.Env = append(c.Env, "KINWIRE_TEST_REMOVE", "KINWIRE_TEST_CHANGE=2", "KINWIRE_TEST_CHANGE=3")
	c.Extra = []*os.File{nil, w}
	c.Dir = t.TempDir()
	e := run(t, c)
	out := string(e.Stdout.Tail)
	for _, want := range []string{
		"fd 0 nonblock=false\n", "fd 1 nonblock=false\n", "fd 2 nonblock=false\n", "fd 4 nonblock=false\n",
		`KINWIRE_TEST_REMOVE="" false`, `KINWIRE_TEST_CHANGE="3" true`, `KINWIRE_TEST_KEEP="1" true`,
		"dir " + c.Dir, "input 0\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestNilExtraIsClosed(t *testing.T) {
	c := Command{Args: []string{"sh", "-c", `(: <&3) 2>/dev/null || echo closed; (: <&4) && echo open`}}
	c.Extra = []*os.File{nil, os.Stdin}
	if out := string(run(t, c).Stdout.Tail); out != "closed\nopen\n" {
		t.Error(out)
	}
}

// A host that was stopped for longer than the deadline still gets what was printed.
func TestSweep(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.WriteString("last words\n")
	c := newCapture(Stderr, r)
	c.interrupt()
	c.read()
	if out, _ := c.report(); string(out.Tail) != "last words\n" {
		t.Errorf("%q", out.Tail)
	}
}

// A flood without a newline, with NULs in it, costs no memory and no time to speak of.
func TestFloodWithoutNewline(t *testing.T) {
	const size = 300 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var pieces atomic.Int64
	c := Command{Args: []string{"sh", "-c", fmt.Sprintf("head -c %d /dev/zero >&2", size)}}
	c.OnLine = func(Line) { pieces.Add(1) }
	e := run(t, c)
	runtime.ReadMemStats(&after)
	if total := int64(len(e.Stderr.Tail)) + e.Stderr.Cut; !e.Success() || total != size {
		t.Errorf("%v, %d bytes", e, total)
	}
	if got := int(pieces.Load()) + e.Stderr.Missed; got != size/defaultMaxLine {
		t.Errorf("%d pieces", got)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
}
