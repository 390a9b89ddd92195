//go:build unix && !aix

package stdio

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
)

// Child makes the worker's end of a link from its standard input and output.
//
// It moves the link to descriptors above 2 that no process inherits, gives descriptor 0
// /dev/null, and points descriptor 1 at standard error, or at /dev/null if that is closed.
// So from then on no print reaches the link, whether by Go, C or a process started later.
// os.Stdin and os.Stdout go on working: they name the descriptors 0 and 1.
//
// It fails, and changes nothing, if either is a terminal or not open. Call it once, before
// anything prints or starts a process.
func Child() (transport.Conn, error) {
	in, out, err := moveAway()
	if err != nil {
		return nil, fmt.Errorf("stdio: %w", err)
	}
	conn, err := fdconn.Open(in, out, "stdio")
	if err != nil {
		unix.Close(in)
		unix.Close(out)
		return nil, fmt.Errorf("stdio: %w", err)
	}
	return conn, nil
}

// moveAway returns what the descriptors 0 and 1 were, under numbers that no print or dup2
// can mean, and leaves harmless files in their place.
func moveAway() (in, out int, err error) {
	if in, err = high(0, "standard input"); err != nil {
		return 0, 0, err
	}
	if out, err = high(1, "standard output"); err != nil {
		unix.Close(in)
		return 0, 0, err
	}
	if err = replaceStandardFiles(); err != nil {
		unix.Close(in)
		unix.Close(out)
		return 0, 0, err
	}
	return in, out, nil
}

// high makes a close-on-exec copy above 2 of a standard descriptor.
func high(fd int, name string) (int, error) {
	if isTerminal(fd) {
		return 0, fmt.Errorf("%s is a terminal, not a link to a host", name)
	}
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return 0, fmt.Errorf("%s can't be the link: %w", name, os.NewSyscallError("fcntl", err))
	}
	return n, nil
}

// replaceStandardFiles makes 0 /dev/null and 1 a copy of 2.
//
// Since 0 and 1 are open, /dev/null is opened as 2 exactly if that is closed. There it
// stays: the next file opened would be 2 otherwise, and would be printed into.
func replaceStandardFiles() error {
	null, err := retry(func() (int, error) { return unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0) })
	if err != nil {
		return &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	if null == 2 {
		_, err = unix.FcntlInt(2, unix.F_SETFD, 0) // for children as well
	} else {
		defer unix.Close(null)
	}
	if err == nil {
		_, err = retry(func() (int, error) { return 0, unix.Dup2(null, 0) })
	}
	if err == nil {
		_, err = retry(func() (int, error) { return 0, unix.Dup2(2, 1) })
	}
	return os.NewSyscallError("dup2", err)
}

// retry repeats a system call for as long as signals interrupt it.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
