package jobs

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openSafely has no meaning here.
const openSafely = 0

// syncDir has nothing to do.
func syncDir(string) error { return nil }

// tryLock locks an open file if nobody holds a lock that excludes it.
func tryLock(f *os.File, mode lockMode) error {
	var flags uint32 = windows.LOCKFILE_FAIL_IMMEDIATELY
	if mode == exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}

// giveToOwner has nothing to do.
func giveToOwner(*os.File) {}

// ownsFile knows nothing better.
func ownsFile(os.FileInfo) bool { return true }
