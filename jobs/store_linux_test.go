package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestIDs(t *testing.T) {
	seen := make(map[string]bool)
	last := ""
	for i := range 1000 {
		id := newID(time.Now().Add(time.Duration(i) * time.Millisecond))
		if !isID(id) || seen[id] || id[:idTime] < last {
			t.Fatalf("%q after %q", id, last)
		}
		seen[id], last = true, id[:idTime]
	}
	for _, bad := range []string{"", ".", "..", "x", "../../../etc/pass", strings.Repeat("a", idSize+1), strings.Repeat("A", idSize), strings.Repeat("/", idSize)} {
		if isID(bad) {
			t.Error(bad)
		}
	}
}

func TestFind(t *testing.T) {
	s := newStore(t)
	a, b := run(t, s, sh("true")).ID, run(t, s, sh("true")).ID
	for part, want := range map[string]string{a: a, b: b, a[10:]: a, b[:13]: b} {
		if id, err := s.Find(part); id != want || err != nil {
			t.Errorf("%s: %s, %v", part, id, err)
		}
	}
	if _, err := s.Find(a[:1]); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), a) {
		t.Error(err)
	}
	for _, part := range []string{"", "zzzz", "../" + a} {
		if _, err := s.Find(part); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", part, err)
		}
		if _, err := s.Get(part); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", part, err)
		}
	}
}

func TestList(t *testing.T) {
	s := newStore(t)
	a := run(t, s, Spec{Args: []string{"true"}, Session: "one"})
	b := run(t, s, Spec{Args: []string{"false"}, Session: "one"})
	c := start(t, s, Spec{Args: []string{"sleep", "1000"}, Session: "two"})
	for _, f := range []struct {
		Filter
		want []string
	}{
		{Filter{}, []string{a.ID, b.ID, c.ID}},
		{Filter{Session: "one"}, []string{a.ID, b.ID}},
		{Filter{State: Failed}, []string{b.ID}},
		{Filter{State: Running, Session: "two"}, []string{c.ID}},
		{Filter{State: Running, Session: "one"}, nil},
	} {
		var ids []string
		for _, r := range must(s.List(f.Filter))(t) {
			ids = append(ids, r.ID)
		}
		if !reflect.DeepEqual(ids, f.want) {
			t.Errorf("%+v: %v, want %v", f.Filter, ids, f.want)
		}
	}
}

// A thousand jobs that have ended are listed; BenchmarkList tells how fast.
func TestLongList(t *testing.T) {
	s := newStore(t)
	many(t, s, 1000)
	begun := time.Now()
	records := must(s.List(Filter{}))(t)
	t.Logf("%d records in %v", len(records), time.Since(begun))
	if len(records) != 1000 {
		t.Errorf("%d records", len(records))
	}
}

// many makes so many jobs that have ended, which are copies of one.
func many(t testing.TB, s *Store, n int) {
	t.Helper()
	model := run(t, s, sh("echo hello; exit 3"))
	path := s.job(model.ID).file(endingName)
	for range n - 1 {
		id := newID(time.Now())
		if err := os.Mkdir(string(s.job(id)), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, s.job(id).file(endingName), strings.Replace(read(path), model.ID, id, 1))
		write(t, s.job(id).file(lockName), "")
		write(t, s.job(id).file(turnName), "")
	}
}

func BenchmarkList(b *testing.B) {
	s := newStore(b)
	many(b, s, 1000)
	for b.Loop() {
		if records, err := s.List(Filter{}); len(records) != 1000 || err != nil {
			b.Fatal(len(records), err)
		}
	}
}

// Any number of processes may open a store, relative or not, and one that is not there is made.
func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	s := must(Open("a/b"))(t)
	if want := filepath.Join(must(os.Getwd())(t), "a/b"); s.Dir() != want {
		t.Errorf("%s, want %s", s.Dir(), want)
	}
	id := start(t, s, sh("exit 8")).ID
	t.Chdir("/")
	if r := wait(t, s, id); *r.ExitCode != 8 {
		t.Error(r.Summary())
	}
	for _, bad := range []string{"", "/dev/null", "/proc/nosuch"} {
		if _, err := Open(bad); err == nil {
			t.Errorf("%q is a store", bad)
		}
	}
}

// Between two looks the recorder has written how the job ended, and gone: that counts.
func TestSettleTooLate(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("exit 14"))
	d := s.job(r.ID)
	q := must(d.readRequest())(t)
	p, begun, err := d.readRunning()
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the recorder is gone", func() bool { return !must(d.hasRecorder())(t) })
	if r, err := s.settle(d, s.lostEnding(q, p, begun)); err != nil || r.State != Failed || *r.ExitCode != 14 {
		t.Error(err, r.Summary())
	}
	wantState(t, get(t, s, r.ID), Failed)
}

// What root does in the store of another stays the other's.
func TestStoreOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this test needs to be root")
	}
	s := newStore(t)
	r := start(t, s, Spec{Args: []string{"sleep", "1000"}})
	const other = 12345
	filepath.Walk(s.dir, func(path string, _ os.FileInfo, _ error) error { return os.Chown(path, other, other) })
	killRecorder(t, s, r.ID)
	var damaged *DamageError
	if _, err := s.Kill(within(t), r.ID, ""); !errors.As(err, &damaged) || !strings.Contains(err.Error(), "another user") || isGone(r.PID) {
		t.Error(err)
	}
	syscall.Kill(r.PID, syscall.SIGKILL)
	wantState(t, wait(t, s, r.ID), Lost)
	if err := s.Ack(r.ID); err != nil {
		t.Error(err)
	}
	for _, name := range []string{endingName, followUpName, killName} {
		info := must(os.Stat(s.job(r.ID).file(name)))(t)
		if stat := info.Sys().(*syscall.Stat_t); stat.Uid != other || stat.Gid != other {
			t.Errorf("%s is of %d", name, stat.Uid)
		}
	}
	os.Chown(string(s.job(r.ID)), 0, 0) // so that the end of the test may kill it
}

func TestWait(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if r, err := s.Wait(ctx, r.ID); !errors.Is(err, context.DeadlineExceeded) || r.State != Running {
		t.Error(err, r.Summary())
	}
	results := make(chan State, 50)
	for range cap(results) {
		go func() {
			r, err := s.Wait(within(t), r.ID)
			if err != nil {
				t.Error(err)
			}
			results <- r.State
		}()
	}
	must(s.Kill(within(t), r.ID, ""))(t)
	for range cap(results) {
		if state := <-results; state != Killed {
			t.Error(state)
		}
	}
}

// Without notices from the kernel, it is looked for.
func TestWaitWithoutNotices(t *testing.T) {
	c := &changes{wait: soon}
	defer c.close()
	for range 3 {
		if err := c.await(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	if c.wait != 8*soon {
		t.Error(c.wait)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.await(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Clock steps change no duration, and end nothing.
func TestClockSteps(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("sleep 1000"))
	c := setClock(s)
	c.pass(time.Minute)
	c.step(-48 * time.Hour)
	r = get(t, s, r.ID)
	wantState(t, r, Running)
	if r.Duration < time.Minute || r.Duration > 2*time.Minute {
		t.Error(r.Duration)
	}
	a := stamp{Wall: time.Unix(1000, 0), Boot: "a", Even: time.Hour}
	for _, d := range []struct {
		to   stamp
		want time.Duration
	}{
		{stamp{Wall: time.Unix(5000, 0), Boot: "a", Even: time.Hour + 1}, 1},
		{stamp{Wall: time.Unix(5000, 0), Boot: "b", Even: 1}, 4000 * time.Second},
		{stamp{Wall: time.Unix(5000, 0)}, 4000 * time.Second},
	} {
		if got := d.to.since(a); got != d.want {
			t.Errorf("%+v: %v, want %v", d.to, got, d.want)
		}
	}
	if !a.add(time.Second).Wall.Equal(time.Unix(1001, 0)) || a.add(time.Second).since(a) != time.Second {
		t.Error(a.add(time.Second))
	}
}

// The clock that leases go by is one that nobody sets.
func TestEvenClock(t *testing.T) {
	a := now()
	time.Sleep(5 * time.Millisecond)
	b := now()
	if a.Boot == "" || b.Boot != a.Boot || b.since(a) < 5*time.Millisecond {
		t.Errorf("%+v, %+v", a, b)
	}
}
