package jobs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newStoreOnDisk returns an empty store on a disk of the given size, with nothing else on it.
func newStoreOnDisk(t *testing.T, size string) *Store {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("this test needs the right to mount a file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := must(Open(dir + "/jobs"))(t)
	t.Cleanup(func() { killAll(t, s) })
	return s
}

// fill takes all the room there is.
func fill(t *testing.T, s *Store) {
	t.Helper()
	filler, err := os.OpenFile(filepath.Dir(s.dir)+"/filler", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	for err == nil {
		_, err = filler.Write(make([]byte, 1024))
	}
	filler.Close()
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// On a full disk nothing starts, and what runs is recorded all the same.
func TestFullDisk(t *testing.T) {
	s := newStoreOnDisk(t, "256k")
	// It prints more than there is room for, and goes on.
	r := run(t, s, sh("head -c 1000000 /dev/zero; exit 11"))
	if r.State != Failed || *r.ExitCode != 11 || !strings.Contains(r.Note, "could not be kept: ") || !strings.Contains(r.Note, "no space left") {
		t.Error(r.Summary())
	}
	if r.OutputBytes != 1000000 {
		t.Error(r.OutputBytes)
	}
	fill(t, s)
	var damaged *DamageError
	none, err := s.Start(within(t), sh("true"))
	if err == nil || !errors.Is(err, syscall.ENOSPC) || errors.As(err, &damaged) || none.ID != "" {
		t.Error(err, none)
	}
	if records, err := s.List(Filter{}); err != nil || len(records) != 1 {
		t.Error(records, err)
	}
	if err := s.Ack(r.ID); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), followUpName) {
		t.Error(err)
	}
	if f := get(t, s, r.ID).FollowUp; f.State != PendingFollowUp {
		t.Errorf("%+v", f)
	}
	// To remove needs no room.
	if gone, err := s.Prune(Retention{WithoutAck: -1}); err != nil || len(gone) != 1 {
		t.Error(gone, err)
	}
}

// What fills the disk can be killed all the same, and so can what has no recorder.
func TestKillOnFullDisk(t *testing.T) {
	s := newStoreOnDisk(t, "256k")
	recorded, orphan := start(t, s, sh("sleep 1000")), start(t, s, sh("sleep 1000"))
	killRecorder(t, s, orphan.ID)
	for _, id := range []string{recorded.ID, orphan.ID} {
		fill(t, s)
		r := must(s.Kill(within(t), id, "it fills the disk"))(t)
		if r.State != Killed || r.Reason != "it fills the disk" || !isGone(recorded.PID) || read(s.job(id).file(killName)) != "" {
			t.Error(r.Summary())
		}
	}
	if !isGone(orphan.PID) {
		t.Error("the orphan lives")
	}
}

// The end can't be written down for as long as the directory can't be written to: the job is
// running until it can.
func TestReadOnlyDisk(t *testing.T) {
	s := newStoreOnDisk(t, "1m")
	r := start(t, s, sh("sleep 0.3; exit 12"))
	immutable(t, string(s.job(r.ID)), true)
	eventually(t, "it has ended", func() bool { return isGone(r.PID) })
	time.Sleep(100 * time.Millisecond)
	wantState(t, get(t, s, r.ID), Running)
	immutable(t, string(s.job(r.ID)), false)
	if r = wait(t, s, r.ID); r.State != Failed || *r.ExitCode != 12 {
		t.Error(r.Summary())
	}
}

// Somebody removes a job that runs, or what its recorder has reserved.
func TestRemovedFiles(t *testing.T) {
	s := newStore(t)
	gate := filepath.Join(t.TempDir(), "gate")
	script := "until [ -e " + gate + " ]; do sleep 0.02; done; echo x; exit 13"
	kept, gone := start(t, s, sh(script)), start(t, s, sh(script))
	if err := os.RemoveAll(string(s.job(gone.ID))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{endingName + ".tmp", controlName, runningName, outputName(0)} {
		if err := os.Remove(s.job(kept.ID).file(name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, gate, "open")
	if r := wait(t, s, kept.ID); r.State != Failed || *r.ExitCode != 13 || !strings.HasPrefix(r.Note, "its output may not be whole: ") {
		t.Error(r.Summary())
	}
	eventually(t, "no recorder is left", func() bool { return len(recordersOf(s)) == 0 })
	if records, err := s.List(Filter{}); len(records) != 1 || err != nil {
		t.Error(records, err)
	}
}

// A process that may only write small files can still tell what it can't do.
func TestFileSizeLimit(t *testing.T) {
	s := newStore(t)
	h := startHost(t, nil, "limited", s.dir)
	if said := h.line(t); !strings.Contains(said, "file too large") {
		t.Error(said)
	}
	if left := must(os.ReadDir(s.dir))(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func init() {
	// limited starts a job though its files may only have some bytes.
	programs["limited"] = func(args []string) {
		s := check(Open(args[0]))
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: 100}); err != nil {
			panic(err)
		}
		_, err := s.Start(bounded(), sh("true"))
		fmt.Println(strings.ReplaceAll(fmt.Sprint(err), "\n", " "))
	}
}
