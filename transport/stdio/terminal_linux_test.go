package stdio_test

import (
	"os"
	"testing"

	"github.com/kinwire/kinwire/internal/terminal"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/internal/childtest"
)

// A person who starts a worker by hand gets an error, and keeps the terminal.
func TestTerminalRefused(t *testing.T) {
	_, ours := terminal.Open(t)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for name, end := range map[string]*transport.ChildEnd{
		"input":  {Env: "stdio", Stdin: ours, Stdout: null},
		"output": {Env: "stdio", Stdin: null, Stdout: ours},
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
