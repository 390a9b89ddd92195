//go:build linux

package jobs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen. Nothing is measured by it.
const patience = 30 * time.Second

// soaking reports whether tests that repeat something do it many more times.
func soaking() bool { return os.Getenv("KINWIRE_SOAK") != "" }

// newStore returns an empty store. What runs in it at the end of the test is killed, and no
// process of it may be left.
func newStore(t testing.TB) *Store {
	t.Helper()
	s := must(Open(filepath.Join(t.TempDir(), "jobs")))(t)
	t.Cleanup(func() { killAll(t, s) })
	return s
}

// killAll kills what runs in a store, and waits until no process of it is left.
func killAll(t testing.TB, s *Store) {
	t.Helper()
	records, _ := s.List(Filter{})
	for _, r := range records {
		if _, err := s.Kill(within(t), r.ID, "the test is over"); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "no recorder is left", func() bool { return len(recordersOf(s)) == 0 })
}

// must returns a value if there is no error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// within is a context for what must happen.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
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

// start starts a job.
func start(t testing.TB, s *Store, spec Spec) Record {
	t.Helper()
	return must(s.Start(within(t), spec))(t)
}

// sh is a command of the shell.
func sh(script string) Spec { return Spec{Args: []string{"sh", "-c", script}} }

// wait waits for a job.
func wait(t testing.TB, s *Store, id string) Record {
	t.Helper()
	return must(s.Wait(within(t), id))(t)
}

// run runs a job to its end.
func run(t testing.TB, s *Store, spec Spec) Record {
	t.Helper()
	return wait(t, s, start(t, s, spec).ID)
}

// get returns the record of a job.
func get(t testing.TB, s *Store, id string) Record {
	t.Helper()
	return must(s.Get(id))(t)
}

// printed returns all that a job has printed.
func printed(t testing.TB, s *Store, id string) string {
	t.Helper()
	return must(s.Output(id, 0, -1))(t).String()
}

// wantState compares the state of a job.
func wantState(t testing.TB, r Record, want State) {
	t.Helper()
	if r.State != want {
		t.Fatalf("state %s, want %s: %s", r.State, want, r.Summary())
	}
}

// recordersOf returns the recorders and launchers of a store.
func recordersOf(s *Store) (pids []int) {
	for _, pid := range allProcesses() {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.HasPrefix(string(cmdline), recorderName+"\x00"+s.dir+"/") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// recorderOf returns the pid of a job's recorder.
func recorderOf(t testing.TB, s *Store, id string) int {
	t.Helper()
	p, ok, err := s.job(id).readRunning()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return p.Recorder.PID
}

// killRecorder kills the recorder of a job, and waits until it is gone.
func killRecorder(t testing.TB, s *Store, id string) {
	t.Helper()
	syscall.Kill(recorderOf(t, s, id), syscall.SIGKILL)
	eventually(t, "the recorder is gone", func() bool { return !must(s.job(id).hasRecorder())(t) })
}

// isGone reports whether a process runs no more; nobody may have reaped it.
func isGone(pid int) bool {
	state, _, err := readStat(pid)
	return err != nil || state == 'Z' || state == 'X'
}

// child is the test binary as one of the hosts.
func child(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(must(os.Executable())(t), args...)
	cmd.Env = append(os.Environ(), childVar+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// read returns the text of a file, or "" if there is none.
func read(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}
