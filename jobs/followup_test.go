//go:build linux

package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// setClock gives a store a clock that only goes as it is told to.
func setClock(s *Store) *testClock {
	c := &testClock{at: now()}
	s.now = func() stamp { return c.at }
	return c
}

type testClock struct{ at stamp }

// pass lets time pass.
func (c *testClock) pass(d time.Duration) { c.at = c.at.add(d) }

// step sets the clock on the wall.
func (c *testClock) step(d time.Duration) { c.at.Wall = c.at.Wall.Add(d) }

// claim claims what must be due.
func claim(t *testing.T, s *Store, id string, p Policy) *Claim {
	t.Helper()
	return must(s.Claim(id, p))(t)
}

// wantNotDue makes sure that nothing can be claimed.
func wantNotDue(t *testing.T, s *Store, id string) {
	t.Helper()
	if _, err := s.Claim(id, Policy{}); !errors.Is(err, ErrNotDue) {
		t.Fatal(err)
	}
}

// An end is pending until it is acknowledged, and never again.
func TestPendingUntilAcked(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 0.2"))
	if _, err := s.Claim(r.ID, Policy{}); !errors.Is(err, ErrRunning) {
		t.Error(err)
	}
	if err := s.Ack(r.ID); !errors.Is(err, ErrRunning) {
		t.Error(err)
	}
	r = wait(t, s, r.ID)
	if pending := must(s.Pending())(t); len(pending) != 1 || pending[0].ID != r.ID {
		t.Errorf("%+v", pending)
	}
	for range 2 {
		if err := s.Ack(r.ID); err != nil {
			t.Error(err)
		}
	}
	if pending := must(s.Pending())(t); len(pending) > 0 {
		t.Errorf("%+v", pending)
	}
	if r = get(t, s, r.ID); r.FollowUp.State != AckedFollowUp || r.FollowUp.AckedAt.IsZero() {
		t.Errorf("%+v", r.FollowUp)
	}
	wantNotDue(t, s, r.ID)
}

func TestKilledNeedsNoFollowUp(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	must(s.Kill(within(t), r.ID, ""))(t)
	if pending := must(s.Pending())(t); len(pending) > 0 {
		t.Errorf("%+v", pending)
	}
	wantNotDue(t, s, r.ID)
}

// Attempts fail, each later than the one before, and then for good.
func TestAttempts(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	c := setClock(s)
	p := Policy{Attempts: 7}
	for i, wait := range []time.Duration{15, 30, 60, 120, 240, 300} {
		attempt := claim(t, s, r.ID, p)
		if attempt.Record.FollowUp.Attempts != i+1 || !attempt.Until.Equal(c.at.Wall.Add(DefaultLease)) {
			t.Errorf("%+v", attempt)
		}
		wantNotDue(t, s, r.ID)
		if err := attempt.Fail(fmt.Errorf("no. %d", i)); err != nil {
			t.Fatal(err)
		}
		wantNotDue(t, s, r.ID)
		if f := get(t, s, r.ID).FollowUp; f.State != PendingFollowUp || f.Error != fmt.Sprintf("no. %d", i) ||
			!f.NextTry.Equal(c.at.Wall.Add(wait*time.Second)) {
			t.Errorf("%+v, want %v", f, wait)
		}
		c.pass(wait*time.Second - time.Millisecond)
		wantNotDue(t, s, r.ID)
		c.pass(time.Millisecond)
	}
	if err := claim(t, s, r.ID, p).Fail(errors.New("the last")); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Hour)
	wantNotDue(t, s, r.ID)
	if f := get(t, s, r.ID).FollowUp; f.State != FailedFollowUp || f.Attempts != 7 || f.Error != "the last" {
		t.Errorf("%+v", f)
	}
	if pending := must(s.Pending())(t); len(pending) > 0 {
		t.Errorf("%+v", pending)
	}
}

// Who is busy has not tried.
func TestDefer(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	c := setClock(s)
	for range 10 {
		if err := claim(t, s, r.ID, Policy{}).Defer(); err != nil {
			t.Fatal(err)
		}
		wantNotDue(t, s, r.ID)
		c.pass(DefaultBusyPause)
	}
	if f := get(t, s, r.ID).FollowUp; f.State != PendingFollowUp || f.Attempts != 0 {
		t.Errorf("%+v", f)
	}
}

// A lease ends, and with it what the one who had it can say. Clock steps do not end it.
func TestLease(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	c := setClock(s)
	late := claim(t, s, r.ID, Policy{Lease: time.Minute})
	c.step(48 * time.Hour)
	wantNotDue(t, s, r.ID)
	c.step(-96 * time.Hour)
	wantNotDue(t, s, r.ID)
	c.pass(time.Minute - 1)
	wantNotDue(t, s, r.ID)
	c.pass(1)
	second := claim(t, s, r.ID, Policy{})
	for _, end := range []func() error{late.Ack, late.Defer, func() error { return late.Fail(errors.New("late")) }} {
		if err := end(); !errors.Is(err, ErrClaimLost) {
			t.Error(err)
		}
	}
	if err := second.Ack(); err != nil {
		t.Error(err)
	}
	if f := get(t, s, r.ID).FollowUp; f.State != AckedFollowUp || f.Attempts != 2 {
		t.Errorf("%+v", f)
	}
}

// The last attempt is never heard of again.
func TestLastLeaseEnds(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	c := setClock(s)
	for range DefaultAttempts {
		claim(t, s, r.ID, Policy{})
		c.pass(DefaultLease)
	}
	wantNotDue(t, s, r.ID)
	if f := get(t, s, r.ID).FollowUp; f.State != FailedFollowUp {
		t.Errorf("%+v", f)
	}
}

// Across boots there is only the clock on the wall, and a claim of the boot before is nobody's.
func TestLeaseAcrossBoots(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	claim(t, s, r.ID, Policy{})
	wantNotDue(t, s, r.ID)
	before := bootID
	defer func() { bootID = before }()
	bootID = func() string { return "another" }
	claim(t, s, r.ID, Policy{})
}

// Whoever has a claim dies: the next can have it at once.
func TestClaimerDies(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	h := startHost(t, nil, "claimer", s.dir, r.ID)
	if said := h.line(t); said != "claimed" {
		t.Fatal(said)
	}
	wantNotDue(t, s, r.ID)
	if f := get(t, s, r.ID).FollowUp; f.State != ClaimedFollowUp {
		t.Errorf("%+v", f)
	}
	h.kill()
	if c := claim(t, s, r.ID, Policy{}); c.Record.FollowUp.Attempts != 2 {
		t.Errorf("%+v", c.Record.FollowUp)
	}
}

// The first process of a container holds what it has claimed.
func TestFirstProcessClaims(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	if said := runFirstProcess(t, "first", s.dir, r.ID); said != "claimed\n" {
		t.Error(said)
	}
}

// Processes that claim all they can get never get the same.
func TestRivals(t *testing.T) {
	s := newStore(t)
	const many = 20
	var ids []string
	for range many {
		ids = append(ids, start(t, s, sh("true")).ID)
	}
	for _, id := range ids {
		wait(t, s, id)
	}
	var rivals []*host
	for range 4 {
		rivals = append(rivals, startHost(t, nil, "rival", s.dir))
	}
	claimed := make(map[string]int)
	for _, h := range rivals {
		for _, id := range h.rest(t) {
			claimed[id]++
		}
	}
	for _, id := range ids {
		// A rival that has ended holds nothing, so that a later one may have it again.
		if n := claimed[id]; n < 1 || n > DefaultAttempts {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
}

// In one process as in many: at a time one has it.
func TestClaimsAtOnce(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	var claimers sync.WaitGroup
	got := make(chan *Claim, 20)
	for range 20 {
		claimers.Go(func() {
			if c, err := s.Claim(r.ID, Policy{}); err == nil {
				got <- c
			} else if !errors.Is(err, ErrNotDue) {
				t.Error(err)
			}
		})
	}
	claimers.Wait()
	if len(got) != 1 {
		t.Errorf("%d claims", len(got))
	}
}

// What a newer version has written stays, or nothing is written.
func TestFollowUpOfNewerVersion(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("true"))
	path := s.job(r.ID).file(followUpName)
	write(t, path, `{"version":1,"attempts":1,"later":{"a":[1,2]}}`)
	if err := s.Ack(r.ID); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(read(path)), &fields); err != nil || fmt.Sprint(fields["later"]) != "map[a:[1 2]]" {
		t.Errorf("%v, %v", fields, err)
	}
	const newer = `{"version":2,"attempts":1,"acked":{"wall":"2030-01-02T03:04:05Z"},"more":true}`
	write(t, path, newer)
	if f := get(t, s, r.ID).FollowUp; f.State != AckedFollowUp {
		t.Errorf("%+v", f)
	}
	var damaged *DamageError
	if err := s.Ack(r.ID); !errors.As(err, &damaged) || damaged.Path != path || read(path) != newer {
		t.Errorf("%v; %s", err, read(path))
	}
}
