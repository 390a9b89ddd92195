//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// A blockingFD is used by bare system calls, without os.File's bookkeeping.
type blockingFD int

// readFull returns io.EOF if the stream ends before b is full.
func (fd blockingFD) readFull(b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Read(int(fd), b)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return io.EOF
		default:
			b = b[n:]
		}
	}
	return nil
}

func (fd blockingFD) writeFull(b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(int(fd), b)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return os.NewSyscallError("write", err)
		default:
			b = b[n:]
		}
	}
	return nil
}

// hungUp reports whether err says that the other side is gone, perhaps with something
// unread, as it is at the end of a stream.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
