package process

import (
	"context"
	"fmt"
	"os"
	"strings"
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

func init() {
	// descriptors prints how many a command may have, without limits and with them.
	children["descriptors"] = func([]string) {
		for _, limits := range [][]Rlimit{nil, {{Resource: LimitCore}}} {
			e, err := Run(context.Background(), Command{Args: []string{"sh", "-c", "ulimit -Sn"}, Rlimits: limits})
			if err != nil {
				panic(err)
			}
			os.Stdout.Write(e.Stdout.Tail)
		}
	}
}

// Go raises the limit on descriptors for itself, and for nothing that it starts.
func TestDescriptorsOfLimited(t *testing.T) {
	c := child(t, "descriptors")
	c.Args = []string{"sh", "-c", `ulimit -Sn 321 && exec "$0"`, c.Args[0]}
	if e := run(t, c); string(e.Stdout.Tail) != "321\n321\n" {
		t.Errorf("%v, %q", e, e.Stdout.Tail)
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

// A limit on memory is the program's, which needs less than what sets it: it bites nobody
// before the program runs, however much of arguments there is.
func TestMemoryLimitBitesTheProgramAlone(t *testing.T) {
	args := []string{"/bin/true"}
	for range 15 {
		args = append(args, strings.Repeat("x", 120_000))
	}
	for range 20 {
		e := run(t, Command{Args: args, Rlimits: []Rlimit{{Resource: LimitData, Soft: 4 << 20}}})
		if !e.Success() {
			t.Fatalf("%v; last words: %q", e, e.LastWords())
		}
	}
}
