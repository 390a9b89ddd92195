package process

import (
	"fmt"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the system refuses is told as such. No one may have this many descriptors.
func TestRlimitRefused(t *testing.T) {
	run(t, Command{Args: []string{"true"}})
	c := Command{Args: []string{"true"}, Rlimits: []Rlimit{{Resource: LimitCore}, {Resource: LimitOpenFiles, Soft: Unlimited}}}
	failed(t, c, CauseCommand, syscall.EPERM, "open files")
}

func init() {
	// mortal prints the signal that it gets when its host dies.
	children["mortal"] = func([]string) {
		var sig int32
		err := unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0, 0, 0)
		fmt.Println(syscall.Signal(sig), err)
	}
}

// Becoming another program does not undo the parent-death signal.
func TestParentDeathSignal(t *testing.T) {
	for _, limits := range [][]Rlimit{nil, {{Resource: LimitCore}}} {
		c := child(t, "mortal")
		c.Rlimits = limits
		if got := string(run(t, c).Stdout.Tail); got != "killed <nil>\n" {
			t.Errorf("with %d limits: %q", len(limits), got)
		}
	}
}
