//go:build unix

package process

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// sweepMax bounds sweep, if somebody writes as fast as it reads: it is the largest pipe
// that an ordinary user can have.
const sweepMax = 1 << 20

// sweep takes what a pipe holds whose deadline has passed, without waiting for more. A
// host that was stopped for longer than the deadline may not have read anything yet.
func sweep(pipe *os.File, buf []byte, take func([]byte)) {
	conn, err := pipe.SyscallConn()
	if err != nil || pipe.SetReadDeadline(time.Time{}) != nil {
		return
	}
	for total := 0; total < sweepMax; {
		n := 0
		conn.Read(func(fd uintptr) bool {
			n, _ = unix.Read(int(fd), buf)
			return true // an empty pipe is the end, not a reason to wait
		})
		if n <= 0 {
			return
		}
		take(buf[:n])
		total += n
	}
}
