//go:build unix

package process

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen. Nothing is measured by it.
const patience = 20 * time.Second

// heard keeps the lines that a command prints.
type heard struct {
	mu      sync.Mutex
	lines   []Line
	changed chan struct{}
}

func newHeard() *heard { return &heard{changed: make(chan struct{}, 1)} }

func (h *heard) onLine(l Line) {
	h.mu.Lock()
	l.Text = []byte(string(l.Text))
	h.lines = append(h.lines, l)
	h.mu.Unlock()
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// all returns the lines of a stream so far.
func (h *heard) all(s Stream) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var texts []string
	for _, l := range h.lines {
		if l.Stream == s {
			texts = append(texts, string(l.Text))
		}
	}
	return texts
}

// await waits for a line that begins with prefix, and returns the rest of it.
func (h *heard) await(t testing.TB, s Stream, prefix string) string {
	t.Helper()
	timeout := time.After(patience)
	for {
		for _, line := range h.all(s) {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				return strings.TrimSpace(rest)
			}
		}
		select {
		case <-h.changed:
		case <-timeout:
			t.Fatalf("no line %q on %v; stdout %q, stderr %q", prefix, s, h.all(Stdout), h.all(Stderr))
		}
	}
}

// start starts c, and makes sure that it is over when the test is.
func start(t testing.TB, c Command) *Process {
	t.Helper()
	p, err := Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill("the test is over")
		await(t, "the end of "+p.name, p.Done())
	})
	return p
}

// startHeard starts c and keeps its lines.
func startHeard(t testing.TB, c Command) (*Process, *heard) {
	t.Helper()
	h := newHeard()
	c.OnLine = h.onLine
	return start(t, c), h
}

// startReady starts a child and waits until it says that it is ready.
func startReady(t testing.TB, name string, args ...string) *Process {
	t.Helper()
	p, h := startHeard(t, child(t, name, args...))
	h.await(t, Stdout, "ready")
	return p
}

// await waits for something that must happen.
func await(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("timeout: %s", what)
	}
}

// end waits until p is over, and returns the report.
func end(t testing.TB, p *Process) *Exit {
	t.Helper()
	await(t, "the end of "+p.name, p.Done())
	return p.Exit()
}

// run starts c and waits for its end.
func run(t testing.TB, c Command) *Exit {
	t.Helper()
	return end(t, start(t, c))
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("timeout: %s", what)
		}
	}
}

// state returns the letter that /proc has for a process, or "" if there is none. Where
// there is no /proc it is "R" for any process.
func state(pid int) string {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		if syscall.Kill(pid, 0) == nil {
			return "R"
		}
		return ""
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	rest := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return strings.Fields(rest)[0]
}

// isGone reports whether a process runs no more; nobody may have reaped it.
func isGone(pid int) bool {
	s := state(pid)
	return s == "" || s == "Z" || s == "X"
}

// number parses a pid.
func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// stop is Stop with a limit of its own.
func stop(t testing.TB, p *Process, l Ladder, reason string) {
	t.Helper()
	if err := p.Stop(context.Background(), l, reason); err != nil {
		t.Fatal(err)
	}
}
