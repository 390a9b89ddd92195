package examples_test

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/terminal"
)

// TestAgentHostAtTerminal types an answer to one question, and then a line while there is none:
// that is no answer to the next one.
func TestAgentHostAtTerminal(t *testing.T) {
	person, terminal := terminal.Open(t)
	p := newPlace(t)
	p.write(t, "gate.sh", "echo begun > begun; until [ -e go ]; do sleep 0.05; done\n")
	h := p.host(nil, "run sh gate.sh; run touch never")
	h.Stdin, h.stdin = terminal, person
	h.begin(t)
	h.want(t, "approve this?")
	h.reply(t, "y")
	p.await(t, "begun")
	h.reply(t, "y")
	for begun := time.Now(); unread(t, terminal) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatal("the host does not read what is typed")
		}
	}
	time.Sleep(300 * time.Millisecond) // so that it has done with it what it does
	p.write(t, "go", "")
	h.want(t, "approve this?")
	h.reply(t, "n")
	h.want(t, "denied: the user does not approve")
	h.wantDone(t)
	if _, err := os.Stat(p.work + "/never"); err == nil {
		t.Error("what nobody has approved was run")
	}
}

// unread is how much was typed that the program has not read.
func unread(t *testing.T, terminal *os.File) int {
	t.Helper()
	n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
