//go:build unix

package role

import (
	"io"
	"os"
	"syscall"
)

// The descriptors that a guardian is started with, beside 0 to 2, which are /dev/null.
const (
	recordsFD = 3 // the pipe with the greeting and the records
	answerFD  = 4 // a pipe for one byte: the guardian is there
)

// playGuardian returns only if nobody has meant it.
func playGuardian(host uint64) {
	if !isGreeted(host) {
		return
	}
	guard(host)
	syscall.Exit(0) // at once: what runs at the end of the program is not for a role
}

// isGreeted reports whether there is a pipe, and begins as it should.
func isGreeted(host uint64) bool {
	var stat syscall.Stat_t
	if syscall.Fstat(recordsFD, &stat) != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return false
	}
	got := make([]byte, len(Greeting(host)))
	_, err := io.ReadFull(descriptor(recordsFD), got)
	return err == nil && string(got) == string(Greeting(host))
}

// guard guards until the host is dead, and sees to that what it has guarded dies.
func guard(host uint64) {
	parent := os.Getppid()
	settle()
	wait := awaitRecords(parent)
	hostGroup, _ := syscall.Getpgid(parent)
	spared := map[int]bool{syscall.Getpgrp(): true, hostGroup: true}
	syscall.Write(answerFD, []byte{1})

	l := NewLedger()
	if read(l, wait) != io.EOF {
		return // a guardian that can't read is of no use, and the host will get another
	}
	for group := range l.Groups {
		killGroup(group, spared)
	}
	if len(l.Starts) > 0 {
		killMarked(host, l.Starts, spared)
	}
}

// read enters records into l until the host is dead, which is io.EOF. All that it has
// written is read before. wait waits until there is something to read, and is io.EOF as well
// when the host is dead and there is nothing.
func read(l Ledger, wait func() error) error {
	buf := make([]byte, 256*RecordSize)
	have := 0
	for {
		if err := wait(); err != nil {
			return err
		}
		n, err := descriptor(recordsFD).Read(buf[have:])
		if err != nil {
			return err
		}
		have += n
		whole := have - have%RecordSize
		for b := buf[:whole]; len(b) > 0; b = b[RecordSize:] {
			l.Enter(Parse(b))
		}
		have = copy(buf, buf[whole:have])
	}
}

// killGroup kills a group, unless it is one of those that are spared. An id that has become
// free is no danger: the leader kept it until the host died, which was a moment ago.
func killGroup(group int, spared map[int]bool) {
	if group > 1 && !spared[group] {
		syscall.Kill(-group, syscall.SIGKILL)
	}
}

// descriptor is an io.Reader without Go's poller, which would be of no use here.
type descriptor int

func (d descriptor) Read(b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(d), b)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
