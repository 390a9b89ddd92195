//go:build unix

package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// openSafely opens no link, and does not wait for the other side of a FIFO.
const openSafely = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// syncDir makes the names in a directory survive a crash of the machine.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems can't
		return err
	}
	return nil
}

// tryLock locks an open file if nobody holds a lock that excludes it. The lock is that of
// whoever has inherited the descriptor as well, and ends with the last of them.
func tryLock(f *os.File, mode lockMode) error {
	how := unix.LOCK_SH
	if mode == exclusive {
		how = unix.LOCK_EX
	}
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return errLocked
		default:
			return err
		}
	}
}

// giveToOwner gives a file to whom its directory belongs, so that root can look after the store
// of another.
func giveToOwner(f *os.File) {
	if os.Geteuid() != 0 {
		return
	}
	info, err := os.Lstat(filepath.Dir(f.Name()))
	if err != nil {
		return
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
		f.Chown(int(stat.Uid), int(stat.Gid)) // else he can't read it, which he will be told
	}
}

// ownsFile reports whether a file is this user's own.
func ownsFile(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
