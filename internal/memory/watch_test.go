//go:build unix

package memory

import (
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// sleeper starts a process that leads a group.
func sleeper(t testing.TB) int {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// Any number of watches is one goroutine, which is gone after the last.
func TestWatch(t *testing.T) {
	var told [20]atomic.Int32
	var stops []func()
	for i := range told {
		stops = append(stops, Watch(Target{Leader: sleeper(t), Interval: time.Duration(1+i) * time.Millisecond, Care: 1 << 40, Tell: func(u Use) {
			if u.Kind != RSS || u.Processes != 1 || u.Bytes < 0 || u.Bytes > 100<<20 {
				t.Errorf("%+v", u)
			}
			told[i].Add(1)
		}}))
	}
	for i := range told {
		for begun := time.Now(); told[i].Load() < 3; time.Sleep(time.Millisecond) {
			if time.Since(begun) > patience {
				t.Fatalf("%d was told %d times", i, told[i].Load())
			}
		}
	}
	for _, stop := range stops {
		stop()
	}
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		shared.mu.Lock()
		running := shared.running
		shared.mu.Unlock()
		if !running {
			break
		}
		if time.Since(begun) > patience {
			t.Fatal("the goroutine stays")
		}
	}
	var last [len(told)]int32
	for i := range told {
		last[i] = told[i].Load()
	}
	again := make(chan Use, 1)
	stop := Watch(Target{Leader: os.Getpid(), Interval: time.Hour, Tell: func(u Use) { again <- u }})
	defer stop()
	if syscall.Getpgrp() == os.Getpid() {
		select {
		case <-again:
		case <-time.After(patience):
			t.Error("a watch after the last is not told")
		}
	}
	for i := range told {
		if told[i].Load() > last[i]+1 {
			t.Errorf("%d is told after its stop", i)
		}
	}
}

// What has the same interval shares a list.
func TestTake(t *testing.T) {
	epoch := time.Now()
	s := sampler{watches: map[*watch]struct{}{}, epoch: epoch}
	add := func(due, interval time.Duration) *watch {
		w := &watch{Target{Interval: interval}, epoch.Add(due)}
		s.watches[w] = struct{}{}
		return w
	}
	a, b, rare := add(0, time.Second), add(300*time.Millisecond, time.Second), add(time.Second, time.Minute)
	for _, step := range []struct {
		now  time.Duration
		due  int
		next [3]time.Duration
	}{
		{0, 1, [3]time.Duration{time.Second, 300 * time.Millisecond, time.Second}},
		{310 * time.Millisecond, 1, [3]time.Duration{time.Second, time.Second, time.Second}},
		{time.Second, 3, [3]time.Duration{2 * time.Second, 2 * time.Second, time.Minute}},
		{5500 * time.Millisecond, 2, [3]time.Duration{6 * time.Second, 6 * time.Second, time.Minute}},
	} {
		if n := len(s.take(epoch.Add(step.now))); n != step.due {
			t.Errorf("%d are due after %v; want %d", n, step.now, step.due)
		}
		for i, w := range []*watch{a, b, rare} {
			if w.due != epoch.Add(step.next[i]) {
				t.Errorf("after %v, the next is due at %v; want %v", step.now, w.due.Sub(epoch), step.next[i])
			}
		}
	}
}

// A host that was stopped while it made a list does not leave workers unwatched for hours.
func TestRest(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0:                    0,
		5 * time.Millisecond: 500 * time.Millisecond,
		10 * time.Minute:     longestRest,
	} {
		if got := rest(took); got != want {
			t.Errorf("%v after a list that took %v; want %v", got, took, want)
		}
	}
}

// BenchmarkRound is one measure of so many workers, none of which needs a closer look.
func BenchmarkRound(b *testing.B) {
	const workers = 200
	var due []*watch
	s := &sampler{watches: map[*watch]struct{}{}}
	for range workers {
		w := &watch{Target: Target{Leader: sleeper(b), Care: 1 << 40, Tell: func(Use) {}}}
		s.watches[w] = struct{}{}
		due = append(due, w)
	}
	var l list
	for b.Loop() {
		l.read()
		s.measure(&l, due)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/workers, "us/worker")
	b.ReportMetric(float64(len(l.all)), "processes")
}

// BenchmarkExact is the closer look at this process.
func BenchmarkExact(b *testing.B) {
	for b.Loop() {
		(process{pid: os.Getpid(), rss: 1}).proportional()
	}
}

// That a tree can't be seen is told as well.
func TestWatchOfTheUnseen(t *testing.T) {
	told := make(chan Use, 1)
	stop := Watch(Target{Leader: 1 << 30, Interval: time.Hour, Tell: func(u Use) { told <- u }}) // above any pid
	defer stop()
	select {
	case u := <-told:
		if u != (Use{}) {
			t.Errorf("%+v", u)
		}
	case <-time.After(patience):
		t.Error("nothing was told")
	}
}
