package stdio_test

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/internal/childtest"
)

// A person who starts a worker by hand gets an error, and keeps the terminal.
func TestTerminalRefused(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	open := func(path string) *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	terminal, null := open(fmt.Sprintf("/dev/pts/%d", number)), open(os.DevNull)
	for name, end := range map[string]*transport.ChildEnd{
		"input":  {Env: "stdio", Stdin: terminal, Stdout: null},
		"output": {Env: "stdio", Stdin: null, Stdout: terminal},
	} {
		t.Run(name, func(t *testing.T) {
			unused, other := transport.Pair()
			defer other.Close()
			p := childtest.StartWith(t, unused, end, "refused")
			childtest.Within(t, "the worker", func() {
				if err := p.Wait(); err != nil {
					t.Errorf("the worker: %v: %s", err, p.Stderr)
				}
			})
		})
	}
}
