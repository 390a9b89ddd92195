//go:build unix && !aix

package stdio

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
)

// Connect makes a link for one worker. All four ends are close-on-exec, so that no process
// that the host starts meanwhile gets one and holds the link open. The worker's ends are
// blocking, as a program that reads and prints expects them.
func (Transport) Connect() (transport.Conn, *transport.ChildEnd, error) {
	stdin, toChild, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	fromChild, stdout, err := os.Pipe()
	if err != nil {
		stdin.Close()
		toChild.Close()
		return nil, nil, err
	}
	end := &transport.ChildEnd{Env: envValue, Stdin: stdin, Stdout: stdout}
	conn := fdconn.New(fromChild, toChild)
	for _, f := range []*os.File{stdin, stdout} {
		if err := unix.SetNonblock(int(f.Fd()), false); err != nil { // os.Pipe made it so
			conn.Close()
			end.Close()
			return nil, nil, os.NewSyscallError("fcntl", err)
		}
	}
	return conn, end, nil
}
