//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/internal/languages"
	"github.com/kinwire/kinwire/process"
)

// TestEveryPeer is what a new peer has to pass.
func TestEveryPeer(t *testing.T) {
	// What a host opens for its first process stays open: its guardian.
	if _, err := process.Run(t.Context(), process.Command{Args: []string{"true"}}); err != nil {
		t.Fatal(err)
	}
	for _, p := range registered() {
		t.Run(peerName(p), func(t *testing.T) {
			needLanguage(t, p)
			before := openFiles(t)
			if p, ok := p.(SelfMeasurer); ok {
				testSelfMeasurer(t, p)
				return
			}
			link, err := p.Start()
			if err != nil {
				t.Fatal(err)
			}
			large := Workload{Name: "large", Size: 2 * miB, InFlight: 1}
			for _, w := range append([]Workload{{Name: "small", Size: wordLen, InFlight: 1}, large}, workloads...) {
				if w.Kind != echoes || !w.takes(p) {
					continue
				}
				if _, err := load(link, newCallers(w), 5*time.Millisecond, defaultStall, link.Close); err != nil {
					t.Fatalf("%s: %v", w.Name, err)
				}
			}
			if err := link.Close(); err != nil {
				t.Errorf("the child did not end well: %v", err)
			}
			if _, err := link.Call(make([]byte, wordLen), nil); err == nil {
				t.Error("a call after Close did not fail")
			}
			if p, ok := p.(Streamer); ok {
				testStream(t, p)
			}
			if p.Info().SaysReady {
				for _, n := range []int{1, 3} {
					if _, err := measureStarts(p, n, 0, defaultStall); err != nil {
						t.Errorf("%d starts: %v", n, err)
					}
				}
			}
			// Some libraries close theirs after their Close has returned.
			for deadline := time.Now().Add(30 * time.Second); openFiles(t) > before; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d descriptors open, %d before", openFiles(t), before)
				}
			}
		})
	}
}

// needLanguage skips or fails the test of a peer whose interpreter is missing.
func needLanguage(t *testing.T, p Peer) {
	t.Helper()
	if f, ok := p.(Foreigner); ok {
		if err := f.Missing(); err != nil {
			languages.Skip(t, err)
		}
	}
}

func testSelfMeasurer(t *testing.T, p SelfMeasurer) {
	for _, w := range workloads {
		if w.Kind != echoes || !w.takes(p) {
			continue
		}
		r, err := measureOnce(p, w, 20*time.Millisecond, defaultStall)
		if err != nil {
			t.Fatalf("%s: %v", w.Name, err)
		}
		if r.calls < int64(w.InFlight) || r.nsPerCall <= 0 || r.p50 <= 0 || r.p99 < r.p50 {
			t.Errorf("%s: %+v", w.Name, r)
		}
	}
	if link, err := p.Start(); err == nil {
		t.Errorf("it can be started, too: %v", link)
	}
}

func testStream(t *testing.T, p Streamer) {
	const size = 64*kiB + 1
	s, err := p.StartStream(size)
	if err != nil {
		t.Fatal(err)
	}
	chunks := newChunks(size)
	for range 2 * compareEvery {
		chunk, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		chunks.next()
		if err := chunks.check(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("the child did not end well in the middle of a stream: %v", err)
	}
	for range 100 { // what has arrived may still be there
		if _, err = s.Next(); err != nil {
			return
		}
	}
	t.Error("a stream goes on after Close")
}

func TestPeersRunInAnotherProcess(t *testing.T) {
	for _, p := range []Peer{rawBlocking{}, rawPipes{}, rawMux{}, netRPC{}} {
		link, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		var cmd *exec.Cmd
		switch l := link.(type) {
		case *rawLink:
			cmd = l.cmd
		case *muxLink:
			cmd = l.cmd
		case *rpcLink:
			cmd = l.cmd
		}
		if _, err := link.Call(make([]byte, wordLen), nil); err != nil {
			t.Error(err)
		}
		if cmd.Process.Pid == os.Getpid() {
			t.Errorf("%s answers from the parent", peerName(p))
		}
		if err := link.Close(); err != nil || !cmd.ProcessState.Success() {
			t.Errorf("%s: close: %v, child: %v", peerName(p), err, cmd.ProcessState)
		}
	}
}

// A child that dies in the middle must not look like a slow one.
func TestCallFailsWhenTheChildDies(t *testing.T) {
	for _, p := range []Peer{rawBlocking{}, rawPipes{}, rawMux{}} {
		link, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		switch l := link.(type) {
		case *rawLink:
			err = l.cmd.Process.Kill()
		case *muxLink:
			err = l.cmd.Process.Kill()
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 100 { // the first may still get through
			if _, err = link.Call(make([]byte, wordLen), nil); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("%s: calls go on", peerName(p))
		}
		if link.Close() == nil {
			t.Errorf("%s: Close does not tell that the child was killed", peerName(p))
		}
	}
}

// A stopped child is the worst of hung ones: nothing but a kill ends it.
func TestCloseEndsACallOfAHungChild(t *testing.T) {
	for _, p := range []Peer{rawBlocking{}, rawPipes{}} {
		link, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		l := link.(*rawLink)
		if err := l.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error)
		go func() {
			_, err := l.Call(make([]byte, miB), nil)
			failed <- err
		}()
		for l.mu.TryLock() { // until the call has begun
			l.mu.Unlock()
			runtime.Gosched()
		}
		if l.Close() == nil {
			t.Errorf("%s: Close does not tell that the child was killed", peerName(p))
		}
		if <-failed == nil {
			t.Errorf("%s: the call did not fail", peerName(p))
		}
	}
}

// The children hold the other end of the killed parent's stderr, so its end of file
// says that all of them are gone.
func TestChildrenEndWithAKilledParent(t *testing.T) {
	keepSockets(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), orphanEnv+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len(orphansReady))); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := stderr.(*os.File).SetReadDeadline(time.Now().Add(exitGrace)); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(stderr)
	if err != nil {
		t.Errorf("children outlive their parent: %v", err)
	}
	if len(bytes.TrimSpace(said)) > 0 {
		t.Errorf("children said %q", said)
	}
	_ = cmd.Wait()
}

// The host of a plugin holds its stderr, so what TestChildrenEndWithAKilledParent goes by
// tells nothing of it.
func TestPluginEndsWithItsLifeline(t *testing.T) {
	keepSockets(t)
	for _, p := range []Peer{pluginNetRPC{}, pluginGRPC{}} {
		link, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		var process *pluginProcess
		switch l := link.(type) {
		case pluginNetRPCLink:
			process = l.pluginProcess
		case pluginGRPCLink:
			process = l.pluginProcess
		}
		if err := process.lifeline.Close(); err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); !process.client.Exited(); time.Sleep(time.Millisecond) {
			if time.Since(began) > exitGrace {
				t.Errorf("%s: the plugin is still there", peerName(p))
				break
			}
		}
		if link.Close() == nil {
			t.Errorf("%s: Close does not tell that the child failed", peerName(p))
		}
	}
}

// keepSockets has children put their sockets where they are removed after the test: a
// plugin that does not end well leaves its own behind. The path of a socket must be short.
func keepSockets(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skipf("can't count descriptors: %v", err)
	}
	return len(list)
}
