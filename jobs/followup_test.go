//go:build linux

package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// A monitor calls for each job until that has succeeded, or has failed too often.
func TestMonitor(t *testing.T) {
	s := newStore(t)
	good, bad, busy := start(t, s, sh("exit 1")), start(t, s, sh("true")), start(t, s, sh("sleep 0.3"))
	killed, other := start(t, s, sh("sleep 1000")), start(t, s, Spec{Args: []string{"true"}, Session: "other"})
	must(s.Kill(within(t), killed.ID, ""))(t)
	var mu sync.Mutex
	calls := make(map[string][]int)
	ctx, cancel := context.WithCancel(within(t))
	m := Monitor{
		Store:  s,
		Policy: Policy{Backoff: time.Millisecond, BusyPause: time.Millisecond},
		Handle: func(_ context.Context, r Record) error {
			mu.Lock()
			defer mu.Unlock()
			calls[r.ID] = append(calls[r.ID], r.FollowUp.Attempts)
			switch n := len(calls[r.ID]); {
			case r.ID == good.ID && n == 1:
				return errors.New("once")
			case r.ID == bad.ID:
				return errors.New("always")
			case r.ID == busy.ID && n < 6:
				return ErrBusy
			case r.ID == busy.ID && (len(calls[bad.ID]) < 3 || len(calls[good.ID]) < 2 || len(calls[other.ID]) < 1):
				return ErrBusy
			case r.ID == busy.ID:
				defer cancel()
			}
			return nil
		},
		OnError: func(err error) { t.Error(err) },
	}
	m.Run(ctx)
	again := slices.Compact(calls[busy.ID]) // none of which was an attempt
	if len(calls[busy.ID]) < 6 || !slices.Equal(again, []int{1}) {
		t.Errorf("%v", calls[busy.ID])
	}
	calls[busy.ID] = nil
	want := map[string][]int{good.ID: {1, 2}, bad.ID: {1, 2, 3}, busy.ID: nil, other.ID: {1}}
	if fmt.Sprint(calls) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", calls, want)
	}
	for id, state := range map[string]FollowUpState{good.ID: AckedFollowUp, bad.ID: FailedFollowUp, busy.ID: AckedFollowUp, killed.ID: NoFollowUp} {
		if f := get(t, s, id).FollowUp; f.State != state {
			t.Errorf("%s: %+v", id, f)
		}
	}
}

// One that is always busy holds up no other.
func TestMonitorIsFair(t *testing.T) {
	s := newStore(t)
	busy, other := run(t, s, sh("true")), run(t, s, sh("true"))
	ctx, cancel := context.WithCancel(within(t))
	Monitor{Store: s, Policy: Policy{BusyPause: -1}, Handle: func(_ context.Context, r Record) error {
		if r.ID == busy.ID {
			return ErrBusy
		}
		cancel()
		return nil
	}}.Run(ctx)
	if f := get(t, s, other.ID).FollowUp; f.State != AckedFollowUp {
		t.Errorf("%+v", f)
	}
}

// A monitor that is told to end waits for its calls, and what they could not do is no attempt.
func TestMonitorEnds(t *testing.T) {
	s := newStore(t)
	r := run(t, s, Spec{Args: []string{"true"}, Session: "a"})
	other := run(t, s, Spec{Args: []string{"true"}, Session: "b"})
	ctx, cancel := context.WithCancelCause(within(t))
	why := errors.New("enough")
	returned := false
	err := Monitor{Store: s, Session: "a", Handle: func(ctx context.Context, r Record) error {
		cancel(why)
		<-ctx.Done()
		time.Sleep(20 * time.Millisecond)
		returned = true
		return ctx.Err()
	}}.Run(ctx)
	if !errors.Is(err, why) || !returned {
		t.Error(err, returned)
	}
	if f := get(t, s, r.ID).FollowUp; f.State != PendingFollowUp || f.Attempts != 0 {
		t.Errorf("%+v", f)
	}
	if f := get(t, s, other.ID).FollowUp; f.State != PendingFollowUp {
		t.Errorf("%+v", f)
	}
	if err := (Monitor{}).Run(ctx); err == nil {
		t.Error("a monitor without a store")
	}
}

// Monitors in several processes call once for each job.
func TestMonitorsInManyProcesses(t *testing.T) {
	s := newStore(t)
	var monitors []*host
	for range 3 {
		monitors = append(monitors, startHost(t, nil, "monitor", s.dir))
	}
	var ids []string
	for range 15 {
		ids = append(ids, start(t, s, sh("sleep 0.1")).ID)
	}
	eventually(t, "all are acknowledged", func() bool {
		return !slices.ContainsFunc(must(s.List(Filter{}))(t), func(r Record) bool { return r.FollowUp.State != AckedFollowUp })
	})
	var called []string
	for _, h := range monitors {
		h.kill()
		called = append(called, h.rest(t)...)
	}
	slices.Sort(called)
	if !slices.Equal(called, ids) {
		t.Errorf("called for\n%s\nwant\n%s", strings.Join(called, "\n"), strings.Join(ids, "\n"))
	}
}

// A monitor hears of an end at once, and does not have to look for it.
func TestMonitorIsTold(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 0.3"))
	ctx, cancel := context.WithCancel(within(t))
	var after time.Duration
	Monitor{Store: s, Handle: func(_ context.Context, r Record) error {
		after = time.Since(r.EndedAt)
		cancel()
		return nil
	}}.Run(ctx)
	if after > lookRarely/2 {
		t.Errorf("%v after its end: %s", after, get(t, s, r.ID).Summary())
	}
}
