package jobs

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/process"
)

// A recorder dies at any step: the record is the old or the new one, and what runs is known.
func TestRecorderDies(t *testing.T) {
	lost := []State{Lost}
	for _, c := range []struct {
		at     string
		states []State // what the job ends as
	}{
		{"written process.json", []State{Failed}}, // the first time, before anything is started
		{"renamed process.json", lost},
		{"prepared", lost},
		{"started", lost},
		{"synced process.json:2", lost},
		{"renamed process.json:2", lost},
		{"told", lost},
		{"ended", lost},
		{"written exit.json", lost},
		{"synced exit.json", lost},
		{"renamed exit.json", []State{Failed}},
		{"recorded", []State{Failed}},
	} {
		t.Run(c.at, func(t *testing.T) {
			s := newStore(t)
			h := startHost(t, []string{dieVar + "=record:" + c.at}, "start", s.dir, "sleep 0.3; exit 5")
			h.rest(t)
			h.Wait()
			records := must(s.List(Filter{}))(t)
			if len(records) != 1 {
				t.Fatalf("%d jobs", len(records))
			}
			r := records[0]
			eventually(t, "the recorder is gone", func() bool { return !must(s.job(r.ID).hasRecorder())(t) })
			if r = get(t, s, r.ID); r.State == Running && r.Note != noteOrphan {
				t.Errorf("its recorder is lost, and it is %s", r.Summary())
			}
			if r = wait(t, s, r.ID); !slices.Contains(c.states, r.State) || r.State == Failed && r.ExitCode != nil && *r.ExitCode != 5 {
				t.Error(r.Summary())
			}
			if r.State == Lost && (r.ExitCode != nil || r.Signal != "") {
				t.Errorf("it is guessed: %+v", r)
			}
			if again := get(t, s, r.ID); again.State != r.State || again.EndedAt != r.EndedAt {
				t.Errorf("first %s, and then %s", r.Summary(), again.Summary())
			}
		})
	}
}

// The recorder is killed, and the command goes on: it is running as long as it does, and then
// lost, and never a success.
func TestRecorderIsKilled(t *testing.T) {
	s := newStore(t)
	gate := filepath.Join(t.TempDir(), "gate")
	r := start(t, s, sh("echo x; until [ -e "+gate+" ]; do sleep 0.02; done"))
	eventually(t, "it prints", func() bool { return get(t, s, r.ID).OutputBytes == 2 })
	killRecorder(t, s, r.ID)
	now := get(t, s, r.ID)
	wantState(t, now, Running)
	if now.Note != noteOrphan || now.PID != r.PID || now.OutputBytes != 2 {
		t.Errorf("%+v", now)
	}
	write(t, gate, "open")
	r = wait(t, s, r.ID)
	wantState(t, r, Lost)
	if text := string(must(json.Marshal(r))(t)); r.OutputBytes != 2 || !strings.Contains(text, `"duration_ms":null`) {
		t.Error(text)
	}
	if r.ExitCode != nil || r.Signal != "" || r.Note != noteLost || r.FollowUp.State != PendingFollowUp {
		t.Errorf("%+v", r)
	}
}

// However many find out that a job is lost, they find the same.
func TestRecorderAndCommandAreKilled(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	found := make(chan Record, 40)
	for range cap(found) {
		go func() {
			r, err := s.Wait(within(t), r.ID)
			if err != nil {
				t.Error(err)
			}
			found <- r
		}()
	}
	killRecorder(t, s, r.ID)
	syscall.Kill(r.PID, syscall.SIGKILL)
	first := wait(t, s, r.ID)
	wantState(t, first, Lost)
	for range cap(found) {
		if r := <-found; r.State != Lost || !r.EndedAt.Equal(first.EndedAt) {
			t.Errorf("%s at %v, and also %s at %v", first.Summary(), first.EndedAt, r.Summary(), r.EndedAt)
		}
	}
}

// Somebody is stopped just as he looks whether a job has a recorder: nobody has to wait for him.
func TestLookerIsStopped(t *testing.T) {
	defer func(before time.Duration) { shortly = before }(shortly)
	shortly = 20 * time.Millisecond
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	killRecorder(t, s, r.ID)
	syscall.Kill(r.PID, syscall.SIGKILL)
	eventually(t, "it is gone", func() bool { return isGone(r.PID) })
	lock := must(lockFile(s.job(r.ID).file(lockName), shared))(t)
	wantState(t, get(t, s, r.ID), Lost)
	if read(s.job(r.ID).file(endingName)) != "" {
		t.Error("it was written down without the lock")
	}
	lock.Close()
	wantState(t, get(t, s, r.ID), Lost)
	if read(s.job(r.ID).file(endingName)) == "" {
		t.Error("it was not written down")
	}
}

// Without a recorder, Kill still ends the job with all that it has started, and nothing else.
func TestKillOfOrphan(t *testing.T) {
	s := newStore(t)
	r := start(t, s, Spec{
		Script: "trap '' TERM\nsetsid sleep 1000 &\nsleep 1000 &\nwhile :; do sleep 0.1; done",
		Stop:   process.Ladder{Term: 200 * time.Millisecond, Kill: -1}, // as long as it takes
	})
	other := start(t, s, sh("sleep 1000"))
	eventually(t, "it has started all", func() bool { return len(findMarked(r.ID)) >= 3 })
	killRecorder(t, s, r.ID)
	killed := must(s.Kill(within(t), r.ID, "enough"))(t)
	wantState(t, killed, Killed)
	if killed.Reason != "enough" || killed.ExitCode != nil || killed.Note != noteKilledLost || killed.FollowUp.State != NoFollowUp {
		t.Errorf("%+v", killed)
	}
	eventually(t, "nothing is left", func() bool { return len(findMarked(r.ID)) == 0 })
	wantState(t, get(t, s, other.ID), Running)
	if again := must(s.Kill(within(t), r.ID, "again"))(t); again.Reason != "enough" {
		t.Errorf("%+v", again)
	}
}

// What a lost job has left can be killed, which changes nothing about what is known.
func TestKillOfLost(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("setsid sleep 1000 & sleep 1000"))
	eventually(t, "it has started all", func() bool { return len(findMarked(r.ID)) >= 3 })
	killRecorder(t, s, r.ID)
	syscall.Kill(r.PID, syscall.SIGKILL)
	wantState(t, wait(t, s, r.ID), Lost)
	if len(findMarked(r.ID)) == 0 {
		t.Fatal("nothing is left to kill")
	}
	wantState(t, must(s.Kill(within(t), r.ID, ""))(t), Lost)
	eventually(t, "nothing is left", func() bool { return len(findMarked(r.ID)) == 0 })
}

// After a boot nothing of a job is alive, whoever has its pid, and nobody is signalled.
func TestOtherBoot(t *testing.T) {
	s := newStore(t)
	r := start(t, s, Spec{Args: []string{"sleep", "1000"}})
	killRecorder(t, s, r.ID)
	stranger := r.PID
	before := bootID
	defer func() {
		bootID = before
		syscall.Kill(stranger, syscall.SIGKILL)
	}()
	bootID = func() string { return "another" }
	r = get(t, s, r.ID)
	wantState(t, r, Lost)
	if r.Note != noteReboot {
		t.Error(r.Note)
	}
	if r = must(s.Kill(within(t), r.ID, ""))(t); r.State != Lost {
		t.Error(r.Summary())
	}
	if isGone(stranger) {
		t.Error("a stranger was killed")
	}
}

// A pid that another process has got is not the job's.
func TestPidOfStranger(t *testing.T) {
	said := runFirstProcess(t, "reuse", t.TempDir())
	if want := "lost, lost, the stranger lives\n"; said != want {
		t.Errorf("%s, want %s", said, want)
	}
}

func init() {
	// reuse is the first process of a pid namespace. It loses a job, lets a stranger have its
	// pid, and says what becomes of it.
	programs["reuse"] = func(args []string) {
		mountProc()
		s := check(Open(args[0]))
		r := check(s.Start(bounded(), Spec{Args: []string{"sleep", "1000"}}))
		p, _, _ := s.job(r.ID).readRunning()
		syscall.Kill(p.Recorder.PID, syscall.SIGKILL)
		syscall.Kill(r.PID, syscall.SIGKILL)
		for syscall.Kill(r.PID, 0) == nil { // it is this one's to reap
			syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			time.Sleep(time.Millisecond)
		}
		stranger := becomePid(r.PID)
		if stranger == nil {
			fmt.Println("skip the pid")
			return
		}
		first := check(s.Get(r.ID)).State
		second := check(s.Kill(bounded(), r.ID, "")).State
		lives := "the stranger is dead"
		if !isGone(stranger.Process.Pid) {
			lives = "the stranger lives"
		}
		fmt.Printf("%s, %s, %s\n", first, second, lives)
		stranger.Process.Kill()
		stranger.Wait()
	}
}
