//go:build unix

package pool

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
)

func TestSticky(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 3}, Restart: Restart{Min: time.Millisecond}})
	// As each has a call while the next key is used first, they get workers of their own.
	var callers []exchange.Caller
	var pids []int
	for i := range 3 {
		c := p.Sticky(fmt.Sprint(i))
		if err := c.Call(t.Context(), "set", [2]string{"k", fmt.Sprint(i)}, nil); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid(t, c))
		callers = append(callers, c)
		defer hold(t, c)()
	}
	if pids[0] == pids[1] || pids[1] == pids[2] || pids[0] == pids[2] {
		t.Fatalf("the workers are %v", pids)
	}
	// The keys' worker is busy, and the call waits for it.
	got := make(chan string, 3)
	for i := range 3 {
		go func() {
			v, err := exchange.Call[string](t.Context(), p.Sticky(fmt.Sprint(i)), "get", "k")
			got <- fmt.Sprint(i, v, err)
		}()
	}
	eventually(t, "all wait", func() bool { return p.Stats().Waiting == 3 })
	// One of them dies, and the call that waits goes to another one, of which there is none
	// with its state.
	syscall.Kill(pids[1], syscall.SIGKILL)
	if v := received(t, "the call whose worker has died", got); v != "1<nil>" && v != "1 <nil>" {
		t.Errorf("it got %q", v)
	}
	if got := pid(t, callers[1]); got == pids[1] || got == pids[0] || got == pids[2] {
		t.Errorf("the key went to %d", got)
	}
}

func TestStickyKeepsItsWorker(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 2}})
	first := pid(t, p.Sticky("a"))
	release := hold(t, p) // the first is busy
	other := pid(t, p.Sticky("b"))
	if first == other {
		t.Fatal("a busy worker was chosen")
	}
	release()
	for range 10 {
		if a, b := pid(t, p.Sticky("a")), pid(t, p.Sticky("b")); a != first || b != other {
			t.Errorf("%d, %d; want %d, %d", a, b, first, other)
		}
	}
	x, err := p.Sticky("b").Open(t.Context(), "count", exchange.Last{Value: 1})
	if err != nil {
		t.Fatal(err)
	}
	x.Close()
}
