package transport

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// drainTime is how long closing a Stream lets the other side take what is still buffered.
const drainTime = time.Second

// Stream makes a Conn of anything that can only wait in Write, such as a net.Conn or a
// pipe on Windows. It owns rwc from now on; Close must be called even after an error, or
// a goroutine is left.
//
// TryWrite copies into a buffer of 64 KiB, from which one goroutine writes to rwc. What
// that goroutine fails with is what later TryWrites fail with.
//
// A process that exits right after Close would lose what is still in the buffer, so Close
// waits for it: until all is written, rwc fails, or one second has passed. Then it closes
// rwc, and if bytes had to be given up its error wraps os.ErrDeadlineExceeded. WaitWritable
// returns as soon as Close is called; so does Read if rwc has SetReadDeadline, and
// otherwise when rwc is closed. rwc.Close must make a Read and a Write of rwc return.
func Stream(rwc io.ReadWriteCloser) Conn {
	s := &stream{rwc: rwc, out: newPipe(), written: make(chan struct{})}
	go s.writeOut() // ends with its pipe; Close waits for it
	return s
}

// stream is a Conn over an io.ReadWriteCloser.
type stream struct {
	rwc     io.ReadWriteCloser
	out     *pipe
	written chan struct{} // closed when writeOut has returned
	closed  atomic.Bool
}

func (s *stream) TryWrite(bufs [][]byte) (int, error) { return s.out.tryWrite(bufs) }
func (s *stream) WaitWritable() error                 { return s.out.waitWritable() }

func (s *stream) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		if s.closed.Load() {
			return 0, os.ErrClosed
		}
		n, err = s.rwc.Read(p)
	}
	if n == 0 && err != nil && s.closed.Load() {
		err = os.ErrClosed // whatever Close made rwc say
	}
	return n, err
}

// writeOut moves bytes from the buffer to rwc until Close has been called and the buffer
// is empty, or rwc fails.
func (s *stream) writeOut() {
	defer close(s.written)
	chunk := make([]byte, bufferSize/2)
	for {
		n, err := s.out.read(chunk)
		if err != nil {
			return
		}
		if _, err := s.rwc.Write(chunk[:n]); err != nil {
			s.out.closeRead(err)
			return
		}
	}
}

func (s *stream) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return nil
	}
	s.out.closeWrite()
	if d, ok := s.rwc.(interface{ SetReadDeadline(time.Time) error }); ok {
		d.SetReadDeadline(time.Unix(1, 0)) // the past: wakes Read while rwc must stay open
	}

	var late error
	timer := time.NewTimer(drainTime)
	defer timer.Stop()
	select {
	case <-s.written:
	case <-timer.C:
		late = fmt.Errorf("transport: the other side did not take the last bytes: %w", os.ErrDeadlineExceeded)
	}
	err := s.rwc.Close() // ends a Write that is stuck
	<-s.written
	if late != nil {
		return late
	}
	return err
}
