package process

import (
	"errors"
	"io"
	"os"
	"sync"
)

// feed copies a reader to the standard input of a command. It can always be stopped, also
// while the reader or the command blocks.
type feed struct {
	from  io.Reader
	pipe  *os.File
	ended chan struct{}

	mu      sync.Mutex
	reading bool // from.Read has been called and has not returned
	stopped bool
	err     error // what from failed with
}

// newFeed returns a feed into pipe, which it owns.
func newFeed(from io.Reader, pipe *os.File) *feed {
	return &feed{from: from, pipe: pipe, ended: make(chan struct{})}
}

// run copies until the end of either side, or until stop.
func (f *feed) run() {
	defer close(f.ended)
	defer f.pipe.Close()
	buf := make([]byte, readSize)
	for {
		n, err := f.read(buf)
		if n > 0 {
			if _, writeErr := f.pipe.Write(buf[:n]); writeErr != nil {
				f.fail(writeErr)
				return
			}
		}
		if err != nil {
			f.fail(err)
			return
		}
	}
}

// errStopped ends a feed that was stopped.
var errStopped = errors.New("stopped")

// read reads once, unless the feed was stopped.
func (f *feed) read(buf []byte) (int, error) {
	f.mu.Lock()
	f.reading = !f.stopped
	begins := f.reading
	f.mu.Unlock()
	if !begins {
		return 0, errStopped
	}
	n, err := f.from.Read(buf)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = false
	if f.stopped {
		return 0, errStopped
	}
	return n, err
}

// fail keeps an error that somebody should know of: not that the command reads no more.
func (f *feed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || err == io.EOF || isReadNoMore(err) || errors.Is(err, os.ErrClosed) {
		return
	}
	f.err = err
}

// stop ends the copying, and returns what the reader has failed with. It waits for run,
// but not for a Read that may never return: run ends when that does.
func (f *feed) stop() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	f.stopped = true
	reading, err := f.reading, f.err
	f.mu.Unlock()
	f.pipe.Close() // which ends a Write
	if !reading {
		<-f.ended
	}
	return err
}
