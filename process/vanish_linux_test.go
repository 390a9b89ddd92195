package process

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	// replete holds much memory, and when it says so, that is all it has to do with the output.
	children["replete"] = func(args []string) {
		children["hungry"](args)
		null := must(os.OpenFile(os.DevNull, os.O_WRONLY, 0))
		out := os.NewFile(uintptr(must(unix.Dup(1))), "out")
		unix.Dup3(int(null.Fd()), 1, 0)
		unix.Dup3(int(null.Fd()), 2, 0)
		fmt.Fprintln(out, "pid", os.Getpid())
		out.Close()
		time.Sleep(time.Hour)
	}
}

// A member of the group with much memory takes the kernel a while. After Done it is gone, and
// so is whatever it had.
func TestNothingIsLeftAfterDone(t *testing.T) {
	for range 20 {
		c := child(t, "replete", fmt.Sprint(100<<20))
		c.Args = append([]string{"sh", "-c", `"$@" & wait`, "sh"}, c.Args...)
		p, h := startHeard(t, c)
		member := number(t, h.await(t, Stdout, "pid "))
		p.Stop(context.Background(), Ladder{Term: -1}, "enough")
		if !isGone(member) {
			t.Fatalf("process %d is still there", member)
		}
	}
}
