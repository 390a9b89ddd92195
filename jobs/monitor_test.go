//go:build linux

package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

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

// A monitor hears of an end at once, and does not have to look for it, also in a store that is
// reached by a link.
func TestMonitorIsTold(t *testing.T) {
	s := newStore(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(s.dir, link); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{s, must(Open(link))(t)} {
		const chances = 5 // a machine may stall
		var after time.Duration
		for range chances {
			if after = heardAfter(t, s); after < lookRarely/2 {
				break
			}
		}
		if after >= lookRarely/2 {
			t.Errorf("a monitor of %s is told %v after the end", s.Dir(), after)
		}
	}
}

// heardAfter returns how long after its end a monitor is told of a job.
func heardAfter(t *testing.T, s *Store) (after time.Duration) {
	start(t, s, sh("sleep 0.3"))
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	Monitor{Store: s, Handle: func(_ context.Context, r Record) error {
		after = time.Since(r.EndedAt)
		cancel()
		return nil
	}}.Run(ctx)
	return after
}
