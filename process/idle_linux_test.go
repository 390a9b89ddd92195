package process

import (
	"runtime"
	"testing"
)

// idleFootprint starts so many commands that do nothing, and returns what each costs the
// host in bytes of heap and stacks, and in goroutines, and how many threads they all cost.
func idleFootprint(t testing.TB, n int, c Command) (bytes, goroutines float64, threads int) {
	t.Helper()
	start(t, c) // what the first one opens stays
	measure := func() (uint64, int, int) {
		runtime.GC()
		runtime.GC() // the first only ages what the pools hold
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse, runtime.NumGoroutine(), tasks(t)
	}
	bytesBefore, goroutinesBefore, threadsBefore := measure()
	all := make([]*Process, n)
	for i := range all {
		all[i] = start(t, c)
	}
	bytesAfter, goroutinesAfter, threadsAfter := measure()
	for _, p := range all {
		if p.Exit() != nil {
			t.Fatal("it is not idle, it has ended")
		}
	}
	each := func(after, before float64) float64 { return (after - before) / float64(n) }
	return each(float64(bytesAfter), float64(bytesBefore)), each(float64(goroutinesAfter), float64(goroutinesBefore)),
		threadsAfter - threadsBefore
}

// An idle command costs the host little memory, and no thread.
func TestIdleIsCheap(t *testing.T) {
	c := Command{Args: []string{"sh", "-c", "echo hello; exec sleep 1000"}, OnLine: func(Line) {}}
	bytes, goroutines, threads := idleFootprint(t, 200, c)
	t.Logf("%.0f bytes and %.2f goroutines each, %d threads in all", bytes, goroutines, threads)
	if bytes > 64<<10 { // it is a fifth of that, but for the race detector
		t.Errorf("%.0f bytes each", bytes)
	}
	if goroutines > 3.1 {
		t.Errorf("%.2f goroutines each", goroutines)
	}
	if threads > 20 {
		t.Errorf("%d threads for 200 commands", threads)
	}
}

// What was said before costs only what the exit report may tell of it.
func TestIdleAfterMuchOutput(t *testing.T) {
	const n = 20
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	start(t, Command{Args: []string{"sleep", "1000"}})
	before := heap()
	all := make([]*Process, n)
	for i := range all {
		heard := make(chan struct{})
		c := Command{Args: []string{"sh", "-c", "seq 20000; head -c 50000 /dev/zero | tr '\\0' '\\n'; echo; echo end >&2; exec sleep 1000"}}
		c.OnLine = func(l Line) {
			if l.Stream == Stderr {
				close(heard)
			}
		}
		all[i] = start(t, c)
		await(t, "it has said all", heard)
	}
	eventually(t, "little more is kept than the tail", func() bool { return (heap()-before)/n < tailSize+24<<10 })
	runtime.KeepAlive(all)
}
