package peer

import (
	"runtime"
	"testing"
)

// TestProcessorsAreCountedAgain begins with a number of processors that is no longer true: a
// link whose callers do not read finds out as well.
func TestProcessorsAreCountedAgain(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	parent, _ := links["socketpair"].peers(t, setup{handlers: standard})
	runtime.GOMAXPROCS(4)
	for range 3 {
		if err := parent.Call(t.Context(), "func", 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := threads.limit.Load(); got != 3 {
		t.Errorf("%d threads may wait, with 4 processors", got)
	}
}
