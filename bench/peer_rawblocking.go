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
	"syscall"
)

const (
	prefixLen = 4        // u32, big endian: the bytes that follow it
	maxRaw    = 64 * miB // no workload comes near it, so more is nonsense
)

func init() { register(rawBlocking{}) }

// rawBlocking is the floor: two processes that block in read and write on a
// socketpair, and nothing else. A frame is one write; the child takes two reads for it
// (prefix, body), the parent, which knows what is coming, one.
type rawBlocking struct{}

func (rawBlocking) Info() Info {
	return Info{
		Name:        baseline,
		About:       "blocking read and write of length-prefixed frames on a socketpair: the floor",
		MaxInFlight: 1,
	}
}

func (p rawBlocking) Start() (Link, error) {
	cmd, f, err := startOnSocketpair(p)
	if err != nil {
		return nil, err
	}
	return &rawLink{cmd: cmd, f: f, fd: blockingFD(f.Fd())}, nil
}

// Serve echoes frames from one buffer, prefix included.
func (rawBlocking) Serve() error {
	runtime.LockOSThread()
	f := childEnd()
	defer f.Close()
	fd := blockingFD(f.Fd())
	frame := make([]byte, prefixLen)
	for {
		err := fd.readFull(frame[:prefixLen])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(frame))
		if n > maxRaw {
			return fmt.Errorf("frame of %d bytes, more than %d", n, maxRaw)
		}
		if len(frame) < prefixLen+n {
			frame = append(frame[:prefixLen], make([]byte, n)...)
		}
		if err := fd.readFull(frame[prefixLen : prefixLen+n]); err != nil {
			return err
		}
		if err := fd.writeFull(frame[:prefixLen+n]); err != nil {
			return err
		}
	}
}

type rawLink struct {
	cmd *exec.Cmd
	f   *os.File // owns fd

	mu    sync.Mutex // held by a Call, and to close f
	fd    blockingFD
	sent  []byte // frames, prefix included
	reply []byte
}

// Call reads the echo into a buffer of its own, since prefix and body come in one
// read: the length is known.
func (l *rawLink) Call(payload, into []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = binary.BigEndian.AppendUint32(l.sent[:0], uint32(len(payload)))
	l.sent = append(l.sent, payload...)
	if err := l.fd.writeFull(l.sent); err != nil {
		return nil, err
	}
	if into == nil || len(l.reply) != len(l.sent) {
		l.reply = make([]byte, len(l.sent))
	}
	if err := l.fd.readFull(l.reply); err != nil {
		return nil, err
	}
	if n := binary.BigEndian.Uint32(l.reply); int64(n) != int64(len(payload)) {
		return nil, fmt.Errorf("echo of %d bytes announced as %d", len(payload), n)
	}
	return l.reply[prefixLen:], nil
}

// Close first shuts the socket down, which ends a Call that is blocked in it.
func (l *rawLink) Close() error {
	_ = syscall.Shutdown(int(l.fd), syscall.SHUT_RDWR) // fails if the child is gone already
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fd = -1
	return errors.Join(l.f.Close(), reap(l.cmd))
}

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
