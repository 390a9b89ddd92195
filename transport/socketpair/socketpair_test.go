//go:build unix

package socketpair_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/internal/childtest"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/transporttest"
)

func TestMain(m *testing.M) {
	childtest.Main(m, childtest.Workers(func() (transport.Conn, error) { return socketpair.Child(3) }, 3))
}

func TestWorkers(t *testing.T) { childtest.Run(t, socketpair.Transport{}) }

func TestConn(t *testing.T) {
	transporttest.TestConn(t, func() (transport.Conn, transport.Conn, func()) {
		host, end, err := socketpair.Transport{}.Connect()
		if err != nil {
			t.Fatal(err)
		}
		child, err := socketpair.Child(dup(t, end.Extra[0]))
		if err != nil {
			t.Fatal(err)
		}
		end.Close()
		return host, child, nil
	})
}

// dup stands for what a process inherits.
func dup(t *testing.T, f *os.File) int {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestConnect(t *testing.T) {
	conn, end, err := socketpair.Transport{}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer end.Close()
	if end.Env != "fd:3" || end.Stdin != nil || end.Stdout != nil || len(end.Extra) != 1 {
		t.Errorf("the worker's end is %+v", end)
	}
}

func TestChildTakesDescriptor(t *testing.T) {
	conn, end, err := socketpair.Transport{}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer end.Close()
	fd := dup(t, end.Extra[0])
	child, err := socketpair.Child(fd)
	if err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("the descriptor would be inherited: flags %x, %v", flags, err)
	}
	child.Close()
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("the descriptor after Close: %v; want EBADF", err)
	}
}

func TestChildRefuses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	datagram, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(datagram)
	closed := dup(t, r)
	unix.Close(closed)
	for _, test := range []struct {
		fd   int
		want string
	}{
		{-1, "3 or more"},
		{0, "3 or more"},
		{1, "3 or more"},
		{2, "3 or more"},
		{closed, "is not open"},
		{int(r.Fd()), "is not a socket"},
		{datagram, "is not a stream socket"},
	} {
		conn, err := socketpair.Child(test.fd)
		if conn != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Child(%d): %v, %v; want an error with %q", test.fd, conn, err, test.want)
		}
	}
	if _, err := unix.FcntlInt(uintptr(datagram), unix.F_GETFD, 0); err != nil {
		t.Errorf("a refused descriptor: %v; want it as it was", err)
	}
}
