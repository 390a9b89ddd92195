package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The host is killed, with its whole group: the job goes on, and nothing of its output is lost.
func TestHostIsKilled(t *testing.T) {
	s := newStore(t)
	h := startHost(t, nil, "host", s.dir, `i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo $i; sleep 0.01; done; exit 3`)
	id := h.line(t)
	before := get(t, s, id)
	h.kill()
	after := get(t, s, id)
	wantState(t, after, Running)
	if after.PID != before.PID || after.PID == 0 || after.Note != "" {
		t.Errorf("%+v, before %+v", after, before)
	}
	r := wait(t, s, id)
	if r.State != Failed || *r.ExitCode != 3 {
		t.Error(r.Summary())
	}
	var want strings.Builder
	for i := range 40 {
		fmt.Fprintln(&want, i+1)
	}
	if got := printed(t, s, id); got != want.String() {
		t.Errorf("%q", got)
	}
}

// What ends while there is no host has ended then, and as it did.
func TestEndsWhileThereIsNoHost(t *testing.T) {
	s := newStore(t)
	for _, c := range []struct {
		script, signal string
		code           int
	}{{"sleep 0.2; exit 42", "", 42}, {"sleep 0.2; kill -KILL $$", "SIGKILL", -1}} {
		h := startHost(t, nil, "host", s.dir, c.script)
		id := h.line(t)
		h.kill()
		path := s.job(id).file(endingName)
		eventually(t, "it has ended", func() bool { _, err := os.Stat(path); return err == nil })
		seen := time.Now()
		r := get(t, s, id)
		code := -1
		if r.ExitCode != nil {
			code = *r.ExitCode
		}
		if r.State != Failed || code != c.code || r.Signal != c.signal || r.EndedAt.After(seen) || r.Duration < 200*time.Millisecond {
			t.Errorf("%s, at %v", r.Summary(), r.EndedAt)
		}
	}
}

// The host dies at any step of a start: what runs is recorded, and what is recorded ends.
func TestHostDiesDuringStart(t *testing.T) {
	for _, at := range []string{
		"written script", "written job.json", "synced job.json", "renamed job.json",
		"filled", "created", "launched", "answered",
	} {
		t.Run(at, func(t *testing.T) {
			s := newStore(t)
			h := startHost(t, []string{dieVar + "=host:" + at}, "script", s.dir, "echo ran; exit 5")
			if said := h.rest(t); len(said) > 0 {
				t.Fatalf("it got further than it should: %q", said)
			}
			h.Wait()
			checkStart(t, s)
		})
	}
}

// The launcher dies at any step: the host is told, or the job is recorded.
func TestLauncherDies(t *testing.T) {
	for _, at := range []string{"launching", "recorder started"} {
		t.Run(at, func(t *testing.T) {
			s := newStore(t)
			h := startHost(t, []string{dieVar + "=launch:" + at}, "script", s.dir, "echo ran; exit 5")
			h.rest(t)
			h.Wait()
			checkStart(t, s)
		})
	}
}

// checkStart checks what is left of a start that somebody died in: nothing, or one job that ends
// as it should, or says that it was never started.
func checkStart(t *testing.T, s *Store) {
	t.Helper()
	records := must(s.List(Filter{}))(t)
	for _, r := range records {
		r = wait(t, s, r.ID)
		ran := printed(t, s, r.ID) == "ran\n"
		switch {
		case r.State == Failed && r.ExitCode != nil && *r.ExitCode == 5 && ran:
		case r.State == Failed && r.ExitCode == nil && r.Reason == reasonNobody && !ran:
		default:
			t.Errorf("ran is %v, and yet: %s", ran, r.Summary())
		}
		if marked := findMarked(r.ID); len(marked) > 0 {
			t.Errorf("it has ended, and yet there are %v", marked)
		}
	}
	if len(records) > 1 {
		t.Errorf("%d jobs", len(records))
	}
	if _, err := s.Prune(Retention{AfterAck: -1, WithoutAck: -1}); err != nil {
		t.Error(err)
	}
	if left := must(filepath.Glob(s.dir + "/.*"))(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A host to which orphans are given, as to the first process of a container, gets the recorders,
// and leaves no zombies.
func TestHostGetsItsRecorders(t *testing.T) {
	s := newStore(t)
	h := startHost(t, nil, "subreaper", s.dir, "exit 5")
	if said := h.line(t); said != "0" {
		t.Errorf("%s children", said)
	}
}

// What one sends to end everything does not end a recorder.
func TestRecorderWithstands(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 0.5; exit 9"))
	recorder := recorderOf(t, s, r.ID)
	for _, sig := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGXFSZ, syscall.SIGXCPU,
	} {
		if err := syscall.Kill(recorder, sig); err != nil {
			t.Error(sig, err)
		}
	}
	if r = wait(t, s, r.ID); r.State != Failed || *r.ExitCode != 9 {
		t.Error(r.Summary())
	}
}

// A host that ignores signals, and has its children reaped by the kernel, still gets exits.
func TestCarelessHost(t *testing.T) {
	s := newStore(t)
	h := startHost(t, nil, "careless", s.dir, "kill -TERM $$; exit 5")
	if r := wait(t, s, h.line(t)); r.State != Failed || r.Signal != "SIGTERM" {
		t.Error(r.Summary())
	}
}

// A recorder has a session of its own, works where nothing is unmounted, and holds nothing of
// its host's; nor is it what a guardian of its host would kill.
func TestRecorderIsApart(t *testing.T) {
	s := newStore(t)
	t.Setenv(guardVar, "1.2")
	held, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	number := dupWithoutCloseOnExec(t, held)
	r := start(t, s, sh("sleep 1000"))
	recorder := recorderOf(t, s, r.ID)
	proc := fmt.Sprintf("/proc/%d/", recorder)
	if cwd := must(os.Readlink(proc + "cwd"))(t); cwd != "/" {
		t.Error(cwd)
	}
	if session := must(unix.Getsid(recorder))(t); session != recorder {
		t.Errorf("session %d, pid %d", session, recorder)
	}
	for _, fd := range []string{"0", "1", "2"} {
		if to := must(os.Readlink(proc + "fd/" + fd))(t); to != "/dev/null" {
			t.Errorf("descriptor %s is %s", fd, to)
		}
	}
	if to, err := os.Readlink(proc + "fd/" + number); err == nil && to == "/dev/null" {
		t.Errorf("descriptor %s is %s", number, to)
	}
	for _, pid := range []int{recorder, r.PID} {
		if environ := read(fmt.Sprintf("/proc/%d/environ", pid)); strings.Contains(environ, guardVar+"=") {
			t.Errorf("%d has the guardian's mark", pid)
		}
	}
}
