//go:build unix

package process

import (
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// sweepMax bounds sweep, if somebody writes as fast as it reads: it is the largest pipe
// that an ordinary user can have.
const sweepMax = 1 << 20

// readAll takes what comes out of a pipe until its end, which is io.EOF, or its deadline.
// It borrows a buffer only when there is something to read.
func readAll(pipe *os.File, take func([]byte)) error {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return err
	}
	for {
		var buf *[readSize]byte
		var n int
		var readErr error
		err := conn.Read(func(fd uintptr) bool {
			buf = buffers.Get().(*[readSize]byte)
			n, readErr = readOnce(int(fd), buf[:])
			if readErr == unix.EAGAIN {
				buffers.Put(buf)
				buf = nil // or it would be kept here as well
				return false
			}
			return true
		})
		switch {
		case err != nil:
			return err
		case readErr != nil:
			return readErr
		case n == 0:
			return io.EOF
		}
		take(buf[:n])
		buffers.Put(buf)
	}
}

// readOnce reads once.
func readOnce(fd int, buf []byte) (int, error) {
	for {
		if n, err := unix.Read(fd, buf); err != unix.EINTR {
			return max(0, n), err
		}
	}
}

// sweep takes what a pipe holds whose deadline has passed, without waiting for more. A
// host that was stopped for longer than the deadline may not have read anything yet.
func sweep(pipe *os.File, take func([]byte)) {
	conn, err := pipe.SyscallConn()
	if err != nil || pipe.SetReadDeadline(time.Time{}) != nil {
		return
	}
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for total := 0; total < sweepMax; {
		n := 0
		conn.Read(func(fd uintptr) bool {
			n, _ = readOnce(int(fd), buf[:])
			return true // an empty pipe is the end, not a reason to wait
		})
		if n <= 0 {
			return
		}
		take(buf[:n])
		total += n
	}
}
