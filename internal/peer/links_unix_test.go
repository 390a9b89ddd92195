//go:build unix

package peer

import (
	"os"
	"syscall"
	"testing"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
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
	fd, err := syscall.Dup(int(end.Extra[0].Fd())) // as the child would inherit it
	if err != nil {
		t.Fatal(err)
	}
	f, err := fdconn.File(fd, "the child's end")
	if err != nil {
		t.Fatal(err)
	}
	return parent, fdconn.New(f, f)
}

func pipes(t testing.TB) (parent, child transport.Conn) {
	t.Helper()
	fromParent, toChild, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromChild, toParent, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return fdconn.New(fromChild, toChild), fdconn.New(fromParent, toParent)
}
