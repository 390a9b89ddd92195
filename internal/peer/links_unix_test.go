//go:build unix

package peer

import (
	"os"
	"syscall"
	"testing"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
)

func init() {
	links["socketpair"] = sockets
	links["pipes"] = pipes
}

func sockets(t testing.TB) (parent, child transport.Conn) {
	t.Helper()
	parent, end, err := socketpair.Transport{}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	fd := inherit(t, end.Extra[0])
	return parent, openLink(t, fd, fd)
}

func pipes(t testing.TB) (parent, child transport.Conn) {
	t.Helper()
	parent, end, err := stdio.Transport{}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	return parent, openLink(t, inherit(t, end.Stdin), inherit(t, end.Stdout))
}

// inherit returns what a child would inherit.
func inherit(t testing.TB, f *os.File) int {
	t.Helper()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func openLink(t testing.TB, r, w int) transport.Conn {
	t.Helper()
	c, err := fdconn.Open(r, w, "the child's end")
	if err != nil {
		t.Fatal(err)
	}
	return c
}
