package jobs

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// notices is what the kernel tells about the files of a directory. All methods do nothing on
// a nil one, but to wait.
type notices struct {
	file *os.File
	buf  [4096]byte
}

// openNotices returns nil if there are none to be had: a user may not have very many.
func openNotices(dir string, c content) *notices {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil
	}
	// That the recorder's lock is closed is told as well, even if it is killed.
	mask := uint32(unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE | unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF)
	if c == withContent {
		mask |= unix.IN_MODIFY
	}
	if _, err := unix.InotifyAddWatch(fd, dir, mask|unix.IN_ONLYDIR); err != nil {
		unix.Close(fd)
		return nil
	}
	return &notices{file: os.NewFile(uintptr(fd), "inotify")}
}

// await waits for a notice, for limit at the most, and reports whether there was one.
func (n *notices) await(ctx context.Context, limit time.Duration) bool {
	if n == nil {
		pause(ctx, limit)
		return false
	}
	n.file.SetReadDeadline(time.Now().Add(limit))
	stop := context.AfterFunc(ctx, func() { n.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	count, _ := n.file.Read(n.buf[:])
	return count > 0
}

func (n *notices) close() {
	if n != nil {
		n.file.Close()
	}
}
