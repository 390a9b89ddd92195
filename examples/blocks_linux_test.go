package examples_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/internal/languages"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// blocked are workers whose handlers block what the language has a single one of.
var blocked = []struct {
	language string
	find     func(languages.T) string
	source   string
	ways     []string // in which they block
	loop     []string // those of them that block the main loop
	dump     string   // what a stack dump has while it is blocked
}{
	{"python", languages.Python, "worker.py", []string{"spin", "block"}, []string{"block"}, "worker.py"},
	{"node", languages.Node, "worker.mjs", []string{"spin", "block"}, []string{"spin", "block"}, "worker.mjs"},
}

// TestBlocked blocks workers, and holds them to what no handler may keep them from: pings,
// their end, and to say where they are.
func TestBlocked(t *testing.T) {
	for _, b := range blocked {
		t.Run(b.language, func(t *testing.T) {
			e := echoWorker{example: "blocks", command: []string{b.find(t), filepath.Join("testdata", "blocks", b.source)}, dump: b.dump}
			for _, way := range b.ways {
				for name, link := range transports() {
					t.Run(way+" over "+name, func(t *testing.T) {
						t.Parallel()
						spec := e.spec(link)
						isLoop := strings.Contains(strings.Join(b.loop, " "), way)
						t.Run("pings", func(t *testing.T) { testPingsWhileBlocked(t, e, spec, way, isLoop) })
						t.Run("orphan", func(t *testing.T) { testOrphanWhileBlocked(t, e, spec, way) })
						t.Run("dump", func(t *testing.T) { testDumpWhileBlocked(t, e, spec, way) })
					})
				}
			}
		})
	}
}

// testPingsWhileBlocked holds that a blocked worker stays healthy, and tells of its main loop.
func testPingsWhileBlocked(t *testing.T, e echoWorker, spec parent.Spec, way string, isLoop bool) {
	var mu sync.Mutex
	var seen []parent.Event
	spec.Health = parent.Health{Interval: 100 * time.Millisecond, Misses: 15, Timeout: -1, Stuck: time.Second}
	spec.OnEvent = func(_ *parent.Worker, event parent.Event) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, event)
	}
	w := start(t, e.example, spec)
	if err := w.Call(soon(t), way, 3000, nil); err != nil {
		t.Fatal(err)
	}
	wantEcho(t, w)
	w.shutdown(t)
	mu.Lock()
	defer mu.Unlock()
	stuck := false
	for _, event := range seen {
		switch event := event.(type) {
		case parent.Unhealthy:
			t.Errorf("the worker did not answer pings: %+v", event)
		case parent.Stuck:
			stuck = stuck || event.Calls == 0
		}
	}
	if stuck != isLoop {
		t.Errorf("the main loop is told to be stuck: %t, want %t: %v", stuck, isLoop, seen)
	}
}

// testOrphanWhileBlocked leaves a blocked worker alone.
func testOrphanWhileBlocked(t *testing.T, e echoWorker, spec parent.Spec, way string) {
	c := converse(t, e, spec)
	c.greet()
	c.send(exchangeInput(t, 1, way, 600_000), wire.Ping{Seq: 1})
	c.next(wire.TypePong)
	c.in.Close()
	c.out.Close()
	c.wantEnd()
	if code := c.cmd.ProcessState.ExitCode(); code == 0 {
		t.Errorf("it exited with 0")
	}
}

// testDumpWhileBlocked sends what a host sends before it kills: the worker says where it is.
func testDumpWhileBlocked(t *testing.T, e echoWorker, spec parent.Spec, way string) {
	c := converse(t, e, spec)
	c.greet()
	c.send(exchangeInput(t, 1, way, 600_000), wire.Ping{Seq: 1})
	c.next(wire.TypePong)
	time.Sleep(100 * time.Millisecond) // the handler may begin only now
	c.cmd.Process.Signal(syscall.SIGABRT)
	c.wantEnd()
	if c.cmd.ProcessState.Success() || !strings.Contains(c.stderr.String(), e.dump) {
		t.Errorf("%v, and it printed %.2000q, without %q", c.cmd.ProcessState, c.stderr.String(), e.dump)
	}
}

// TestUnresponsivePython keeps all of Python from running: no ping is answered any more, the
// host asks for the stacks, and kills.
func TestUnresponsivePython(t *testing.T) {
	e := echoWorker{example: "blocks", command: []string{languages.Python(t), filepath.Join("testdata", "blocks", "worker.py")}}
	spec := e.spec(nil)
	spec.Health = parent.Health{Interval: 50 * time.Millisecond, Timeout: time.Second}
	w := start(t, e.example, spec)
	err := w.Call(soon(t), "hold", 60_000, nil)
	var died *process.ExitError
	if !errors.As(err, &died) || w.Exit().Dump == nil {
		t.Fatalf("the call ended with %v: %v", err, w.Exit())
	}
	if dump := string(w.Exit().Dump.Head); !strings.Contains(dump, "in hold") {
		t.Errorf("the dump does not say where it was: %.2000q", dump)
	}
}
