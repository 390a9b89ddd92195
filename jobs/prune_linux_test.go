package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPrune(t *testing.T) {
	s := newStore(t)
	acked, silent := run(t, s, sh("true")), run(t, s, sh("true"))
	claimed, given := run(t, s, sh("true")), run(t, s, sh("true"))
	running := start(t, s, sh("sleep 1000"))
	c := setClock(s)
	prune := func(after time.Duration, want ...string) {
		t.Helper()
		c.pass(after)
		if gone := must(s.Prune(Retention{}))(t); strings.Join(gone, " ") != strings.Join(want, " ") {
			t.Errorf("gone: %v, want %v", gone, want)
		}
	}
	prune(DefaultWithoutAck - time.Hour)
	if err := s.Ack(acked.ID); err != nil { // late, and still kept for an hour
		t.Fatal(err)
	}
	prune(DefaultAfterAck - time.Minute)
	claim(t, s, claimed.ID, Policy{Lease: 2 * time.Hour})
	if err := claim(t, s, given.ID, Policy{Attempts: 1}).Fail(errors.New("for good")); err != nil {
		t.Fatal(err)
	}
	prune(2*time.Minute, acked.ID, silent.ID)
	prune(2*time.Hour, claimed.ID)
	prune(DefaultWithoutAck - 3*time.Hour)
	prune(2*time.Hour, given.ID)
	prune(1000 * time.Hour)
	wantState(t, get(t, s, running.ID), Running)
	if _, err := s.Get(acked.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if left := must(os.ReadDir(s.dir))(t); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// Whoever prunes dies in the midst: the next one does the rest.
func TestPrunerDies(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	h := startHost(t, []string{dieVar + "=host:trashed"}, "prune", s.dir)
	h.rest(t)
	if _, err := s.Get(r.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if left := must(os.ReadDir(s.dir))(t); len(left) != 1 || !strings.HasPrefix(left[0].Name(), trashPrefix) {
		t.Errorf("left: %v", left)
	}
	must(s.Prune(Retention{}))(t)
	if left := must(os.ReadDir(s.dir))(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// What can't be removed is an error, and not among what was.
func TestPruneFails(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	inTheWay := s.dir + "/" + trashPrefix + r.ID
	if err := os.MkdirAll(inTheWay+"/full", 0o700); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.Prune(Retention{WithoutAck: -1}); err == nil || len(gone) > 0 {
		t.Error(gone, err)
	}
	wantState(t, get(t, s, r.ID), Succeeded)
}

// What somebody is just making is none of a pruner's business.
func TestPruneSparesTheNew(t *testing.T) {
	s := newStore(t)
	spec := sh("true")
	q := must(spec.request(now()))(t)
	hidden := jobDir(filepath.Join(s.dir, newPrefix+q.ID))
	if err := os.Mkdir(string(hidden), 0o700); err != nil {
		t.Fatal(err)
	}
	must(s.Prune(Retention{}))(t)
	lock := must(hidden.fill(q, spec))(t)
	must(s.Prune(Retention{}))(t)
	if _, err := os.Stat(hidden.file(requestName)); err != nil {
		t.Error(err)
	}
	lock.Close()
	must(s.Prune(Retention{}))(t)
	if _, err := os.Stat(string(hidden)); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// So it is when a pruner comes before the lock is held.
func TestPruneAtOpenedLock(t *testing.T) {
	s := newStore(t)
	defer func(before func(string)) { step = before }(step)
	step = func(at string) {
		if at == "opened lock" {
			must(s.Prune(Retention{}))(t)
		}
	}
	wantState(t, run(t, s, sh("true")), Succeeded)
}

// Many prune at once, while others acknowledge and look: what is removed is not found, and that
// is all that is wrong with it.
func TestPrunesAtOnce(t *testing.T) {
	s := newStore(t)
	many(t, s, 300)
	ids := must(s.ids())(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := s.Prune(Retention{AfterAck: -1, WithoutAck: -1}); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := s.Pending(); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			for _, id := range ids {
				if err := s.Ack(id); err != nil && !errors.Is(err, ErrNotFound) {
					t.Error(err)
				}
				if _, err := s.Get(id); err != nil && !errors.Is(err, ErrNotFound) {
					t.Error(err)
				}
				if _, err := s.Output(id, 0, 0); err != nil && !errors.Is(err, ErrNotFound) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if left := must(os.ReadDir(s.dir))(t); len(left) > 0 {
		t.Errorf("left: %d", len(left))
	}
}

func init() {
	// prune removes all that has ended.
	programs["prune"] = func(args []string) {
		check(check(Open(args[0])).Prune(Retention{WithoutAck: -1}))
	}
}
