//go:build unix

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
)

// Frames of the raw peers. The child first writes a single byte, readyByte. A request is
// answered with itself, prefix included; one with streamFlag in its prefix is answered with
// chunks of as many bytes as the rest of the prefix says, bare and for ever.
const (
	prefixLen  = 4        // u32, big endian: the bytes that follow it
	maxRaw     = 64 * miB // no workload comes near it, so more is nonsense
	streamFlag = 1 << 31
	readyByte  = 'r'
)

// serveRaw is the child of the raw peers. It takes two reads for a frame (prefix, body),
// and echoes from one buffer.
func serveRaw(in, out blockingFD) error {
	runtime.LockOSThread()
	if err := out.writeFull([]byte{readyByte}); err != nil {
		return err
	}
	frame := make([]byte, prefixLen)
	for {
		err := in.readFull(frame[:prefixLen])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		prefix := binary.BigEndian.Uint32(frame)
		n := int(prefix &^ streamFlag)
		if n > maxRaw {
			return fmt.Errorf("frame of %d bytes, more than %d", n, maxRaw)
		}
		if prefix&streamFlag != 0 {
			return streamRaw(out, n)
		}
		if len(frame) < prefixLen+n {
			frame = append(frame[:prefixLen], make([]byte, n)...)
		}
		if err := in.readFull(frame[prefixLen : prefixLen+n]); err != nil {
			return err
		}
		if err := out.writeFull(frame[:prefixLen+n]); err != nil {
			return err
		}
	}
}

// streamRaw writes chunks until nobody reads them.
func streamRaw(out blockingFD, size int) error {
	for chunks := newChunks(size); ; {
		err := out.writeFull(chunks.next())
		if hungUp(err) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// A rawLink is the parent's side. A frame is one write, and, since its length is known,
// one read.
type rawLink struct {
	cmd     *exec.Cmd
	files   []*os.File // own the descriptors
	mu      sync.Mutex // held by whoever uses the descriptors
	in, out blockingFD
	sent    []byte // frames, prefix included
	reply   []byte
}

// newRawLink takes over the files, which may be one, and returns once the child is ready.
func newRawLink(cmd *exec.Cmd, in, out *os.File) (*rawLink, error) {
	l := &rawLink{cmd: cmd, files: []*os.File{in}, in: blockingFD(in.Fd()), out: blockingFD(out.Fd())}
	if in != out {
		l.files = append(l.files, out)
	}
	if err := l.in.readFull(make([]byte, 1)); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for the child to be ready: %w", err), l.Close())
	}
	return l, nil
}

func (l *rawLink) Call(payload, into []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = binary.BigEndian.AppendUint32(l.sent[:0], uint32(len(payload)))
	l.sent = append(l.sent, payload...)
	if err := l.out.writeFull(l.sent); err != nil {
		return nil, err
	}
	if into == nil || len(l.reply) != len(l.sent) {
		l.reply = make([]byte, len(l.sent))
	}
	if err := l.in.readFull(l.reply); err != nil {
		return nil, err
	}
	if n := binary.BigEndian.Uint32(l.reply); int64(n) != int64(len(payload)) {
		return nil, fmt.Errorf("echo of %d bytes announced as %d", len(payload), n)
	}
	return l.reply[prefixLen:], nil
}

// Close kills the child first if a call hangs: only that ends what is blocked in a pipe.
func (l *rawLink) Close() error {
	if !l.mu.TryLock() {
		_ = l.cmd.Process.Kill() // fails if the child is gone already, which ends the call as well
		l.mu.Lock()
	}
	defer l.mu.Unlock()
	l.in, l.out = -1, -1
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(append(errs, reap(l.cmd))...)
}

// startRawStream has the child of a new link send chunks.
func startRawStream(start func() (*rawLink, error), size int) (Stream, error) {
	l, err := start()
	if err != nil {
		return nil, err
	}
	if err := l.out.writeFull(binary.BigEndian.AppendUint32(nil, streamFlag|uint32(size))); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return rawStream{l, make([]byte, size)}, nil
}

type rawStream struct {
	*rawLink
	chunk []byte
}

func (s rawStream) Next() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chunk, s.in.readFull(s.chunk)
}
