//go:build unix

package socketpair

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
)

// Connect makes a link for one worker. Both ends are close-on-exec, so that no process
// that the host starts meanwhile gets one and holds the link open. The worker's end is
// blocking, as a program that knows nothing of non-blocking descriptors expects it.
func (Transport) Connect() (transport.Conn, *transport.ChildEnd, error) {
	host, child, err := pair()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	end := &transport.ChildEnd{Env: "fd:3", Extra: []*os.File{os.NewFile(uintptr(child), "socketpair-child")}}
	conn, err := open(host, "socketpair")
	if err != nil {
		end.Close()
		unix.Close(host)
		return nil, nil, err
	}
	return conn, end, nil
}

// open makes a Conn of a socket. An error leaves fd open.
func open(fd int, name string) (transport.Conn, error) {
	f, err := fdconn.File(fd, name)
	if err != nil {
		return nil, err
	}
	return fdconn.New(f, f), nil
}
