//go:build unix

package childtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
)

// lastWords is what a worker sends before it kills itself: more than a link holds.
var lastWords = bytes.Repeat([]byte("last words "), 100_000)

// Workers are what Run needs in Main. A worker makes its end of the link by open, from the
// descriptors that it has inherited.
func Workers(open func() (transport.Conn, error), inherited ...int) map[string]Worker {
	withConn := func(f func(c transport.Conn) error) Worker {
		return func() error {
			c, err := open()
			if err != nil {
				return err
			}
			defer c.Close()
			return f(c)
		}
	}
	return map[string]Worker{
		"echo":     withConn(echo),
		"kill":     withConn(dieTalking),
		"deaf":     withConn(func(transport.Conn) error { select {} }),
		"parent":   withConn(reportChild),
		"list":     listDescriptors,
		"blocking": func() error { return reportBlocking(open, inherited) },
	}
}

// echo sends back what comes, until the host closes.
func echo(c transport.Conn) error {
	p := make([]byte, 100_000)
	for {
		n, err := c.Read(p)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := WriteAll(c, p[:n]); err != nil {
			return err
		}
	}
}

// dieTalking sends its last words and gets no further.
func dieTalking(c transport.Conn) error {
	if err := WriteAll(c, lastWords); err != nil {
		return err
	}
	unix.Kill(os.Getpid(), unix.SIGKILL)
	select {}
}

// reportChild starts a process and sends what that has open.
func reportChild(c transport.Conn) error {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), modeVar+"=list")
	cmd.Stderr = os.Stderr
	list, err := cmd.Output()
	if err != nil {
		return err
	}
	return WriteAll(c, list)
}

// listDescriptors prints the device and inode of all that this process has open.
func listDescriptors() error {
	for fd := range 256 {
		if id, err := identity(fd); err == nil {
			fmt.Println(id)
		}
	}
	return nil
}

// identity names the open file behind a descriptor.
func identity(fd int) (string, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return "", err
	}
	return fmt.Sprintf("<%d:%d>", stat.Dev, stat.Ino), nil
}

// reportBlocking sends whether the descriptors had been blocking before open.
func reportBlocking(open func() (transport.Conn, error), inherited []int) error {
	var report error
	for _, fd := range inherited {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err == nil && flags&unix.O_NONBLOCK != 0 {
			err = syscall.EAGAIN
		}
		if err != nil {
			report = errors.Join(report, fmt.Errorf("descriptor %d: %w", fd, err))
		}
	}
	c, err := open()
	if err != nil {
		return err
	}
	defer c.Close()
	if report != nil {
		return WriteAll(c, []byte(report.Error()))
	}
	return WriteAll(c, []byte("blocking"))
}
