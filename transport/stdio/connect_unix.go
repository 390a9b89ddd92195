//go:build unix && !aix

package stdio

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
)

// Connect makes a link for one worker. All four ends are close-on-exec, so that no process
// that the host starts meanwhile gets one and holds the link open. The worker's ends are
// blocking, as a program that reads and prints expects them.
func (Transport) Connect() (transport.Conn, *transport.ChildEnd, error) {
	stdin, toChild, err := pipe()
	if err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	fromChild, stdout, err := pipe()
	if err != nil {
		closeAll(stdin, toChild)
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	conn, err := fdconn.Open(fromChild, toChild, "stdio")
	if err != nil {
		closeAll(stdin, toChild, fromChild, stdout)
		return nil, nil, fmt.Errorf("stdio: %w", err)
	}
	end := &transport.ChildEnd{
		Env:    envValue,
		Stdin:  os.NewFile(uintptr(stdin), "stdio-child-in"),
		Stdout: os.NewFile(uintptr(stdout), "stdio-child-out"),
	}
	return conn, end, nil
}

func closeAll(fds ...int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
