//go:build unix

package guard

import (
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/reexec"
)

// role is the guardian's name.
const role = "kinwire-guardian"

// The descriptors that a guardian is started with, beside 0 to 2, which are /dev/null.
const (
	recordsFD = 3 // the pipe with the greeting and the records
	answerFD  = 4 // a pipe for one byte: the guardian is there
)

// lastRecords is how long the pipe may stay open when the host is known to be dead: a child
// between fork and exec has a copy of all that the host had.
const lastRecords = 100 // ms

func init() {
	word, ok := reexec.Role(role)
	if !ok {
		return
	}
	host, err := strconv.ParseUint(word, 16, 64)
	if err != nil || !isGreeted(host) {
		return // an ordinary start after all
	}
	serve(host)
	syscall.Exit(0) // at once: what runs at the end of the program is not for a role
}

// isGreeted reports whether there is a pipe, and begins as it should.
func isGreeted(host uint64) bool {
	var stat unix.Stat_t
	if unix.Fstat(recordsFD, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFIFO {
		return false
	}
	got := make([]byte, len(greeting(host)))
	_, err := io.ReadFull(descriptor(recordsFD), got)
	return err == nil && string(got) == string(greeting(host))
}

// serve guards until the host is dead, and sees to that what it has guarded dies.
func serve(host uint64) {
	// Whoever wants the host to end signals whole groups and sessions. The guardian ends
	// with the host, and not before.
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGPIPE,
		syscall.SIGALRM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	settle()
	parent := os.Getppid()
	hostGroup, _ := unix.Getpgid(parent)
	unix.Write(answerFD, []byte{1})

	l := newLedger()
	if read(l, openHost(parent)) != io.EOF {
		return // a guardian that can't read is of no use, and the host will get another
	}
	spared := map[int]bool{unix.Getpgrp(): true, hostGroup: true}
	for group := range l.groups {
		killGroup(group, spared)
	}
	if len(l.starts) > 0 {
		killMarked(host, l.starts, spared)
	}
}

// read enters records into l until the host is dead, which is io.EOF. All that it has
// written is read before. hostFD becomes readable with the host's death; -1: there is no
// such thing here, and only the end of the pipe tells.
func read(l ledger, hostFD int) error {
	polled := []unix.PollFd{{Fd: recordsFD, Events: unix.POLLIN}, {Fd: int32(hostFD), Events: unix.POLLIN}}
	timeout := -1
	buf := make([]byte, 256*recordSize)
	have := 0
	for {
		ready, err := unix.Poll(polled, timeout)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case ready == 0:
			return io.EOF // there was time for the pipe to end
		case polled[0].Revents == 0:
			polled, timeout = polled[:1], lastRecords // the host is dead
			continue
		}
		n, err := descriptor(recordsFD).Read(buf[have:])
		if err != nil {
			return err
		}
		have += n
		whole := have - have%recordSize
		for b := buf[:whole]; len(b) > 0; b = b[recordSize:] {
			l.enter(parse(b))
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

// descriptor is an io.Reader without the poller, which would be of no use here.
type descriptor int

func (d descriptor) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(d), b)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
