//go:build unix && !aix

package stdio_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport/internal/childtest"
	"github.com/kinwire/kinwire/transport/stdio"
)

// printEverywhere prints in every way it knows between two writes to the link.
func printEverywhere() error {
	c, err := stdio.Child()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := childtest.WriteAll(c, []byte("first ")); err != nil {
		return err
	}
	fmt.Println("by os.Stdout")
	unix.Write(1, []byte("by descriptor 1\n"))
	if fd, err := unix.Dup(1); err == nil {
		unix.Write(fd, []byte("by a late dup\n"))
	}
	shell := exec.Command("sh", "-c", "echo by a shell")
	shell.Stdout = os.Stdout
	if err := shell.Run(); err != nil {
		return err
	}
	if n, err := os.Stdin.Read(make([]byte, 10)); n == 0 && err == io.EOF {
		fmt.Println("stdin: EOF")
	}
	return childtest.WriteAll(c, []byte("second"))
}

// withoutStderr opens the link when descriptor 2 is closed.
func withoutStderr() error {
	unix.Close(2)
	c, err := stdio.Child()
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println("into the void")
	fmt.Fprintln(os.Stderr, "into the void")
	var null unix.Stat_t
	if err := unix.Stat(os.DevNull, &null); err != nil {
		return err
	}
	for fd := range 3 {
		var is unix.Stat_t
		if err := unix.Fstat(fd, &is); err != nil || is.Rdev != null.Rdev || is.Ino != null.Ino {
			return childtest.WriteAll(c, fmt.Appendf(nil, "descriptor %d is not /dev/null: %v", fd, err))
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags != 0 {
			return childtest.WriteAll(c, fmt.Appendf(nil, "descriptor %d has flags %x: %v", fd, flags, err))
		}
	}
	return childtest.WriteAll(c, []byte("fine"))
}

// refused expects a terminal as one of its standard files, and no change to either.
func refused() error {
	var before, after [2]unix.Stat_t
	for fd := range before {
		unix.Fstat(fd, &before[fd])
	}
	c, err := stdio.Child()
	if err == nil {
		c.Close()
		return errors.New("a terminal is taken for a link")
	}
	for fd := range after {
		unix.Fstat(fd, &after[fd])
		if after[fd].Ino != before[fd].Ino || after[fd].Dev != before[fd].Dev {
			return fmt.Errorf("descriptor %d has changed", fd)
		}
	}
	if !strings.Contains(err.Error(), "is a terminal") {
		return fmt.Errorf("the error does not name the terminal: %w", err)
	}
	return nil
}
