//go:build unix

package fdconn

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
)

// Open makes a Conn that reads from r and writes to w, which are the same descriptor for a
// socket. It is a transport.Direct if both are sockets or pipes and the system is Linux.
// The Conn owns both descriptors; an error leaves them open. name is what its errors call
// it, which, io.EOF and os.ErrClosed aside, wrap the system's.
//
// Whether a descriptor is blocking belongs to what is open, not to the descriptor: whoever
// shares it by dup or fork shares that as well. On Linux a socket becomes blocking and gets
// a receive timeout; everything else becomes non-blocking.
func Open(r, w int, name string) (transport.Conn, error) {
	if c, err := openDirect(r, w, name); c != nil || err != nil {
		return c, err
	}
	return openPolled(r, w, name)
}

// openPolled is Open for every kind of descriptor and every Unix.
func openPolled(r, w int, name string) (transport.Conn, error) {
	for _, fd := range []int{r, w} {
		if err := unix.SetNonblock(fd, true); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
	}
	in := os.NewFile(uintptr(r), name)
	if r == w {
		return newPolled(in, in), nil
	}
	return newPolled(in, os.NewFile(uintptr(w), name)), nil
}
