package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/process"
)

// Whatever a job is and has started, Kill ends it, and says so once it has.
func TestKill(t *testing.T) {
	s := newStore(t)
	for name, script := range map[string]string{
		"simple":  "exec sleep 1000",
		"deaf":    "trap '' TERM; while :; do sleep 0.1; done",
		"tree":    "sleep 1000 & (sleep 1000 & sleep 1000) & wait",
		"escaped": "setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' & sleep 1000",
		"stopped": "kill -STOP $$; sleep 1000",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, s, Spec{Script: script, Stop: process.Ladder{Term: 300 * time.Millisecond}})
			if name == "stopped" {
				eventually(t, "it is stopped", func() bool { state, _, _ := readStat(r.PID); return state == 'T' })
			}
			r = must(s.Kill(within(t), r.ID, "enough"))(t)
			if r.State != Killed || r.Reason != "enough" || r.FollowUp.State != NoFollowUp {
				t.Errorf("%+v", r)
			}
			if left := findMarked(r.ID); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			again := must(s.Kill(within(t), r.ID, "again"))(t)
			if again.Reason != "enough" || !again.EndedAt.Equal(r.EndedAt) {
				t.Errorf("%+v", again)
			}
		})
	}
}

// What has ended stays as it is.
func TestKillTooLate(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("exit 3"))
	if r = must(s.Kill(within(t), r.ID, ""))(t); r.State != Failed || r.FollowUp.State != PendingFollowUp {
		t.Error(r.Summary())
	}
	if read(s.job(r.ID).file(killName)) != "" {
		t.Error("the request was written down")
	}
	if _, err := s.Kill(within(t), newID(time.Now()), ""); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// However long a reason is, the record can be read.
func TestLongReason(t *testing.T) {
	s := newStore(t)
	long := strings.Repeat("\x01", maxFile)
	recorded, orphan := start(t, s, sh("sleep 1000")), start(t, s, sh("sleep 1000"))
	killRecorder(t, s, orphan.ID)
	for _, id := range []string{recorded.ID, orphan.ID} {
		r := must(s.Kill(within(t), id, long))(t)
		if r.State != Killed || !strings.HasPrefix(r.Reason, "\x01\x01") || len(r.Reason) > 2*reasonKept {
			t.Error(r.State, len(r.Reason))
		}
	}
	failed := run(t, s, sh("exit 1"))
	if err := must(s.Claim(failed.ID, Policy{}))(t).Fail(errors.New(long)); err != nil {
		t.Error(err)
	}
	if f := get(t, s, failed.ID).FollowUp; !strings.HasPrefix(f.Error, "\x01\x01") {
		t.Errorf("%+v", f)
	}
}

// Many kill the same job, and the first reason counts for all.
func TestKillsAtOnce(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("trap '' TERM; sleep 1000; sleep 1000"))
	var killers sync.WaitGroup
	reasons := make(chan string, 10)
	for _, reason := range strings.Split("abcdefghij", "") {
		killers.Go(func() {
			r, err := s.Kill(context.Background(), r.ID, reason)
			if err != nil || r.State != Killed {
				t.Error(err, r.Summary())
			}
			reasons <- r.Reason
		})
	}
	killers.Wait()
	first := <-reasons
	for range 9 {
		if reason := <-reasons; reason != first {
			t.Errorf("reasons %q and %q", first, reason)
		}
	}
}

// Who gives up waiting has asked all the same.
func TestKillIsGivenUp(t *testing.T) {
	s := newStore(t)
	r := start(t, s, Spec{Script: "trap '' TERM; echo deaf; while :; do sleep 0.1; done", Stop: process.Ladder{Term: time.Second}})
	eventually(t, "it is deaf", func() bool { return printed(t, s, r.ID) == "deaf\n" })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if r, err := s.Kill(ctx, r.ID, ""); !errors.Is(err, context.DeadlineExceeded) || r.State != Running {
		t.Error(err, r.Summary())
	}
	wantState(t, wait(t, s, r.ID), Killed)
}

// A recorder that somebody has stopped is continued.
func TestKillOfStoppedRecorder(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	pid := recorderOf(t, s, r.ID)
	syscall.Kill(pid, syscall.SIGSTOP)
	eventually(t, "it is stopped", func() bool { state, _, _ := readStat(pid); return state == 'T' })
	wantState(t, must(s.Kill(within(t), r.ID, ""))(t), Killed)
}

// The recorder dies while it brings its job to the end, or whoever kills an orphan does: Kill
// goes on in its place.
func TestKillGoesOn(t *testing.T) {
	deaf := Spec{Script: "trap '' TERM; echo deaf; while :; do sleep 0.1; done", Stop: process.Ladder{Term: time.Second}}
	t.Run("recorder", func(t *testing.T) {
		s := newStore(t)
		r := start(t, s, deaf)
		eventually(t, "it is deaf", func() bool { return printed(t, s, r.ID) == "deaf\n" })
		go func() {
			for read(s.job(r.ID).file(killName)) == "" {
				time.Sleep(time.Millisecond)
			}
			syscall.Kill(recorderOf(t, s, r.ID), syscall.SIGKILL)
		}()
		wantState(t, must(s.Kill(within(t), r.ID, ""))(t), Killed)
	})
	t.Run("killer", func(t *testing.T) {
		s := newStore(t)
		r := start(t, s, deaf)
		eventually(t, "it is deaf", func() bool { return printed(t, s, r.ID) == "deaf\n" })
		killRecorder(t, s, r.ID)
		lock := must(lockFile(s.job(r.ID).file(lockName), exclusive))(t) // as somebody who kills it has
		go func() {
			for read(s.job(r.ID).file(killName)) == "" {
				time.Sleep(time.Millisecond)
			}
			lock.Close()
		}()
		wantState(t, must(s.Kill(within(t), r.ID, ""))(t), Killed)
	})
}

// An order that can't be written down is heard, whatever else is in the FIFO.
func TestOrderIsHeard(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	path := s.job(r.ID).file(controlName)
	f := must(openControl(path, os.O_WRONLY))(t)
	defer f.Close()
	must(f.WriteString(strings.Repeat("x", 3*longestOrder) + "\n[4]\n{}\nhalf"))(t)
	if err := kick(path, &killing{versioned: versioned{version}, Reason: strings.Repeat("\x01", reasonKept)}); err != nil {
		t.Fatal(err)
	}
	if r = wait(t, s, r.ID); r.State != Killed || !strings.HasPrefix(r.Reason, "\x01\x01") {
		t.Error(r.Summary())
	}
}

// The request of one who died while he wrote it, or garbage, keeps nobody from killing.
func TestKillThroughGarbage(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	write(t, s.job(r.ID).file(killName), "garbage")
	write(t, s.job(r.ID).file(killName+".123.tmp"), "")
	if err := kick(s.job(r.ID).file(controlName), nil); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	wantState(t, get(t, s, r.ID), Running)
	wantState(t, must(s.Kill(within(t), r.ID, ""))(t), Killed)
}

// A job that can't be read can be killed: its end is then all that one needs to know of it.
func TestKillOfDamagedJob(t *testing.T) {
	s := newStore(t)
	for _, name := range []string{requestName, runningName, endingName} {
		r := start(t, s, sh("sleep 1000"))
		write(t, s.job(r.ID).file(name), "garbage")
		var damaged *DamageError
		if _, err := s.Kill(within(t), r.ID, ""); !errors.As(err, &damaged) || damaged.Path != s.job(r.ID).file(name) {
			t.Error(err)
		}
		eventually(t, "it has ended", func() bool {
			r, err := s.Get(r.ID)
			return err == nil && r.State == Killed
		})
		if !isGone(r.PID) {
			t.Error("it lives")
		}
	}
	ended := run(t, s, sh("true"))
	write(t, s.job(ended.ID).file(followUpName), "garbage")
	if _, err := s.Kill(within(t), ended.ID, ""); err == nil || read(s.job(ended.ID).file(killName)) != "" {
		t.Error(err)
	}
	os.Remove(s.job(ended.ID).file(followUpName))
}

// Something that became a daemon ends with the job, and is no other's concern.
func TestDaemonEndsWithTheJob(t *testing.T) {
	s := newStore(t)
	other := start(t, s, sh("sleep 1000"))
	file := filepath.Join(t.TempDir(), "pid")
	r := run(t, s, sh("setsid sh -c 'echo $$ >"+file+"; exec sleep 1000' & while [ ! -s "+file+" ]; do sleep 0.01; done; exit 4"))
	if r.State != Failed || *r.ExitCode != 4 || len(findMarked(r.ID)) > 0 {
		t.Errorf("%s; left %v", r.Summary(), findMarked(r.ID))
	}
	wantState(t, get(t, s, other.ID), Running)
}

// A job that a job has started is one of its own.
func TestJobOfAJob(t *testing.T) {
	s := newStore(t)
	self := must(os.Executable())(t)
	r := run(t, s, Spec{Args: []string{self, s.dir, "sleep 1000"}, Env: []string{childVar + "=start"}})
	wantState(t, r, Succeeded)
	inner := get(t, s, strings.TrimSpace(printed(t, s, r.ID)))
	if inner.State != Running || inner.Note != "" {
		t.Error(inner.Summary())
	}
}

// What ends while it prints is heard to its end, and orphans do not pile up meanwhile.
func TestOrphansAreReaped(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("for i in 1 2 3 4 5 6 7 8 9 10; do (setsid true &); done; echo all; sleep 1000"))
	eventually(t, "all were started", func() bool { return printed(t, s, r.ID) == "all\n" })
	recorder := recorderOf(t, s, r.ID)
	eventually(t, "they are reaped", func() bool { return childrenOf(recorder) == 1 })
}
