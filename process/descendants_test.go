//go:build unix

package process

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The grandchild holds the output and ignores SIGTERM; only the kill of the group ends it.
func TestGrandchildDiesWithLeader(t *testing.T) {
	p, h := startHeard(t, child(t, "parent", "7"))
	e := end(t, p)
	if e.State != Exited || e.Code != 7 {
		t.Errorf("%v", e)
	}
	grandchild := number(t, h.await(t, Stderr, "pid "))
	eventually(t, "the grandchild is gone", func() bool { return isGone(grandchild) })
}

// The leader is reaped only after its group was killed: until then nobody else can get its
// group id.
func TestGroupIsKilledBeforeReap(t *testing.T) {
	defer func(was func(*os.Process) (*os.ProcessState, error)) { reap = was }(reap)
	h := newHeard()
	reap = func(leader *os.Process) (*os.ProcessState, error) {
		if s := state(leader.Pid); s != "Z" && runtime.GOOS == "linux" {
			t.Errorf("the leader is %q before it is reaped", s)
		}
		grandchild := number(t, h.await(t, Stderr, "pid "))
		eventually(t, "the grandchild is gone", func() bool { return isGone(grandchild) })
		return leader.Wait()
	}
	c := child(t, "parent", "7")
	c.OnLine = h.onLine
	if e := run(t, c); e.Code != 7 {
		t.Errorf("%v", e)
	}
}

// The order of a shell: sh -c 'worker & exit 7'.
func TestShellLeavesJob(t *testing.T) {
	p, h := startHeard(t, Command{Args: []string{"sh", "-c", "sleep 1000 & echo pid $!; exit 7"}})
	if e := end(t, p); e.Code != 7 {
		t.Errorf("%v", e)
	}
	job := number(t, h.await(t, Stdout, "pid "))
	eventually(t, "the job is gone", func() bool { return isGone(job) })
}

// What left the group can't be killed, but it can't keep anybody waiting either.
func TestRunawayHoldsOutput(t *testing.T) {
	for _, name := range []string{"runaway", "runaway-flood"} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			p, h := startHeard(t, child(t, name, "7"))
			runaway := number(t, h.await(t, Stderr, "pid "))
			defer syscall.Kill(runaway, syscall.SIGKILL)
			await(t, "the leader exits", p.Exited())
			e := end(t, p)
			if e.State != Exited || (name == "runaway" && e.Code != 7) {
				t.Errorf("%v", e)
			}
			if waited := time.Since(begin); waited < drainTime {
				t.Errorf("the output was given up after %v, before %v", waited, drainTime)
			}
			if isGone(runaway) && name == "runaway" {
				t.Error("the runaway did not live: the test proves nothing")
			}
		})
	}
}

// A signal reaches the whole group.
func TestSignalReachesGroup(t *testing.T) {
	p, h := startHeard(t, Command{Args: []string{"sh", "-c", `
		trap 'wait; exit 0' USR1
		sh -c 'trap "echo grandchild; exit 0" USR1; echo ready; while :; do sleep 0.01; done' &
		while :; do sleep 0.01; done`}})
	h.await(t, Stdout, "ready")
	if err := p.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	h.await(t, Stdout, "grandchild")
	end(t, p)
}

// The terminal of the host, and its process group, are not the command's.
func TestLeadsItsGroup(t *testing.T) {
	e := run(t, child(t, "facts"))
	if out := string(e.Stdout.Tail); !strings.Contains(out, "leads true\n") {
		t.Error(out)
	}
}

// A leader that has left its group is stopped all the same, and the report says by whom.
func TestLeaderLeavesItsGroup(t *testing.T) {
	p := startReady(t, "mover")
	stop(t, p, Ladder{Term: patience}, "shutdown")
	if e := p.Exit(); e.Code != 4 || e.HostSignal != syscall.SIGTERM {
		t.Error(e)
	}
	p = startReady(t, "mover")
	p.Kill("enough")
	if e := end(t, p); !e.KilledByHost() || e.Reason != "enough" {
		t.Error(e)
	}
}
