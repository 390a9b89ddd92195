//go:build unix

package socketpair

import (
	"fmt"
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
	fdconn.EnlargeSendBuffer(child) // a worker in another language need not know of it
	conn, err := fdconn.Open(host, host, "socketpair")
	if err != nil {
		unix.Close(host)
		unix.Close(child)
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	end := &transport.ChildEnd{Env: "fd:3", Extra: []*os.File{os.NewFile(uintptr(child), "socketpair-child")}}
	return conn, end, nil
}
