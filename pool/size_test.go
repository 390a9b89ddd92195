//go:build unix

package pool

import (
	"syscall"
	"testing"
	"time"
)

func TestElastic(t *testing.T) {
	p := start(t, Spec{
		Worker: program("worker", "1"),
		Size:   Size{Min: 1, Max: 3, Idle: 200 * time.Millisecond},
	})
	results := make(chan error)
	call := func() { results <- p.Call(t.Context(), "sleep", 1500, nil) }
	for range 6 {
		go call()
	}
	eventually(t, "there are 3", func() bool { s := p.Stats(); return s.Workers == 3 && s.InFlight == 3 })
	for range 6 {
		if s := p.Stats(); s.Workers+s.Starting > 3 {
			t.Errorf("%+v", s)
		}
		if err := received(t, "a call", results); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "there is 1", func() bool { s := p.Stats(); return s.Workers == 1 && s.Ended == 2 })
	if s := p.Stats(); s.Died != 0 || s.StartsFailed != 0 {
		t.Errorf("%+v", s)
	}
	pid(t, p)
}

// TestFromNothing is a pool whose first call starts the first worker.
func TestFromNothing(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: -1, Max: 2, Idle: 50 * time.Millisecond}})
	if got := len(p.Slots()); got != 0 {
		t.Errorf("%d places", got)
	}
	first := pid(t, p)
	eventually(t, "there is none again", func() bool { return len(p.Slots()) == 0 })
	if second := pid(t, p); second == first {
		t.Error("the same worker")
	}
	s, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	pid(t, p) // for which a second one is started
}

// TestSpares kills a worker: a spare is there in its place.
func TestSpares(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1, Spares: 1}, Restart: Restart{Min: -1}})
	eventually(t, "there is a spare", func() bool { return p.Stats().Spares == 1 })
	var next int
	for _, s := range p.Slots() {
		if s.State == SlotSpare {
			next = s.PID
		}
	}
	if got := pid(t, p); got == next {
		t.Error("a spare has a call")
	}
	if err := p.Call(t.Context(), "exit", 1, nil); err == nil {
		t.Error("it lives")
	}
	if got := pid(t, p); got != next {
		t.Errorf("the call went to %d; want the spare %d", got, next)
	}
	eventually(t, "there is a spare again", func() bool { return p.Stats().Spares == 1 })
}

// TestOneShot gives each call a fresh process, which was started before.
func TestOneShot(t *testing.T) {
	p := start(t, Spec{
		Worker:  program("worker"),
		Size:    Size{Min: 2, Spares: 2},
		Recycle: Recycle{Uses: 1},
	})
	seen := map[int]bool{}
	results := make(chan int)
	for range 20 {
		go func() { results <- pid(t, p) }()
	}
	for range 20 {
		seen[received(t, "an answer", results)] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d processes for 20 calls", len(seen))
	}
	eventually(t, "all is as it was", func() bool { s := p.Stats(); return s.Workers == 2 && s.Spares == 2 && s.Draining == 0 })
	if s := p.Stats(); s.Died != 0 {
		t.Errorf("%+v", s)
	}

	// There are never more calls at a time than places.
	first, second := hold(t, p), hold(t, p)
	waits := make(chan int)
	go func() { waits <- pid(t, p) }()
	eventually(t, "it waits", func() bool { return p.Stats().Waiting == 1 })
	time.Sleep(100 * time.Millisecond) // in which a successor could have taken it
	if s := p.Stats(); s.Waiting != 1 || s.InFlight != 2 {
		t.Errorf("%+v", s)
	}
	first()
	received(t, "the third", waits)
	second()
}

// TestKeysDoNotGrow has calls wait for the worker of their key: others would not help them.
func TestKeysDoNotGrow(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1, Max: 4}})
	a := p.Sticky("a")
	release := hold(t, a)
	done := make(chan error)
	for range 5 {
		go func() { done <- a.Call(t.Context(), "pid", nil, nil) }()
	}
	eventually(t, "all wait", func() bool { return p.Stats().Waiting == 5 })
	if n := len(p.Slots()); n != 1 {
		t.Errorf("%d places", n)
	}
	pid(t, p) // which another worker has
	if n := len(p.Slots()); n != 2 {
		t.Errorf("%d places", n)
	}
	release()
	for range 5 {
		if err := received(t, "a call", done); err != nil {
			t.Error(err)
		}
	}
}

// TestDeadSpare kills a spare just before it is taken: it is not.
func TestDeadSpare(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1, Spares: 1}})
	eventually(t, "there is a spare", func() bool { return p.Stats().Spares == 1 })
	p.mu.Lock()
	defer p.mu.Unlock() // so that nobody else takes note of it before
	spare := p.spares[0]
	syscall.Kill(spare.w.PID(), syscall.SIGKILL)
	received(t, "its link has ended", spare.w.Unlinked())
	if p.takeSpareLocked(p.slots[0]) != nil {
		t.Error("a dead worker was taken")
	}
	if len(p.spares) != 0 || spare.cause != CauseDied {
		t.Errorf("%d spares; it has left for %q", len(p.spares), spare.cause)
	}
}
