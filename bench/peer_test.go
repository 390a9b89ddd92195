//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestEveryPeer is what a new peer has to pass.
func TestEveryPeer(t *testing.T) {
	for _, p := range registered() {
		t.Run(peerName(p), func(t *testing.T) {
			before := openFiles(t)
			link, err := p.Start()
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{wordLen, kiB, 2 * miB, 64, 2 * miB} {
				for _, result := range []resultMode{reused, fresh} {
					c := newCaller(Workload{Size: size, Result: result}, 0)
					for range 3 {
						echo, err := link.Call(c.check.next(), c.into)
						if err != nil {
							t.Fatal(err)
						}
						if err := c.check.check(echo); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			if err := link.Close(); err != nil {
				t.Errorf("the child did not end well: %v", err)
			}
			if _, err := link.Call(make([]byte, wordLen), nil); err == nil {
				t.Error("a call after Close did not fail")
			}
			if after := openFiles(t); after != before {
				t.Errorf("%d descriptors open, %d before", after, before)
			}
		})
	}
}

func TestPeersRunInAnotherProcess(t *testing.T) {
	for _, p := range []Peer{rawBlocking{}, netRPC{}} {
		link, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		var cmd *exec.Cmd
		switch l := link.(type) {
		case *rawLink:
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
	link, err := rawBlocking{}.Start()
	if err != nil {
		t.Fatal(err)
	}
	if err := link.(*rawLink).cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 100 { // the first may still get through
		if _, err = link.Call(make([]byte, wordLen), nil); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("calls go on")
	}
	if link.Close() == nil {
		t.Error("Close does not tell that the child was killed")
	}
}

// The children hold the other end of the killed parent's stderr, so its end of file
// says that all of them are gone.
func TestChildrenEndWithAKilledParent(t *testing.T) {
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

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skipf("can't count descriptors: %v", err)
	}
	return len(list)
}
