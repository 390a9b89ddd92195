package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// lockMode is how a file is locked.
type lockMode int

const (
	shared lockMode = iota // with others
	exclusive
)

// errLocked means that somebody else has the lock.
var errLocked = errors.New("somebody else has the lock")

// lockFile opens a file that is there and locks it, or returns errLocked. To close it ends
// the lock.
func lockFile(path string, mode lockMode) (*os.File, error) {
	f, err := openFile(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f, mode); err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, err
		}
		return nil, damage(path, err)
	}
	return f, nil
}

// shortly is how long a lock may be held that nobody holds for long. It is a variable so that a
// test need not wait.
var shortly = 10 * time.Second

// lockPause is how long to wait before the next try.
const lockPause = 2 * time.Millisecond

// awaitLock waits for a lock that nobody holds for long.
func awaitLock(path string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(context.Background(), shortly)
	defer cancel()
	for {
		f, err := lockFile(path, exclusive)
		if !errors.Is(err, errLocked) {
			return f, err
		}
		if !pause(ctx, lockPause) {
			return nil, fmt.Errorf("%s: %w for %v", path, errLocked, shortly)
		}
	}
}

// pause waits, and reports false if ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
