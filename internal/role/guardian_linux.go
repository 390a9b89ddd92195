package role

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// Package unix, which has names for all this, would be initialised later than it should.

// settle makes the process what a guardian should be, as far as it is allowed to.
func settle() {
	// Whoever wants the host to end signals whole groups and sessions. The guardian ends
	// with the host, and not before.
	for _, sig := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
	} {
		ignore(sig)
	}
	closeInherited()
	const setName = 15 // PR_SET_NAME
	name := []byte("kinwire-guard\x00")
	syscall.RawSyscall(syscall.SYS_PRCTL, setName, uintptr(unsafe.Pointer(&name[0])), 0)
	// It takes the right to do so. Without it a process as small is rarely chosen.
	if fd, err := syscall.Open("/proc/self/oom_score_adj", syscall.O_WRONLY|syscall.O_CLOEXEC, 0); err == nil {
		syscall.Write(fd, []byte("-1000"))
		syscall.Close(fd)
	}
}

// ignore does what signal.Ignore does.
func ignore(sig syscall.Signal) {
	// A struct sigaction: the handler SIG_IGN, which is 1, and SA_NOCLDSTOP, which is 1 as
	// well and says nothing here. Mips has them the other way round.
	action := [8]uintptr{1, 1}
	const setSize = 8
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, setSize, 0, 0)
}

// closeInherited closes what the host has without close-on-exec, such as a lock of its own
// parent, as the guardian would hold it longer than the host. What is close-on-exec was
// opened here: Go's poller may be there, if a package that was initialised before has used it.
func closeInherited() {
	const most = 1024
	for fd := uintptr(answerFD + 1); fd < most; fd++ {
		flags, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0)
		if errno == 0 && flags&syscall.FD_CLOEXEC == 0 {
			syscall.Close(int(fd))
		}
	}
}

// lastRecords is how long the pipe may stay open when the host is known to be dead: a child
// between fork and exec has a copy of all that the host had.
var lastRecords = syscall.NsecToTimespec(100e6)

// awaitRecords returns what waits for records, and also for the death of the host. That is
// seen even if something else has got the host's end of the pipe, such as what C code has
// forked.
func awaitRecords(host int) func() error {
	type pollFD struct {
		fd              int32
		events, revents int16
	}
	const in = 1 // POLLIN
	polled := []pollFD{{recordsFD, in, 0}, {int32(openHost(host)), in, 0}}
	var limit *syscall.Timespec
	return func() error {
		for {
			ready, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&polled[0])), uintptr(len(polled)),
				uintptr(unsafe.Pointer(limit)), 0, 0, 0)
			switch {
			case errno == syscall.EINTR:
			case errno != 0:
				return errno
			case ready == 0:
				return io.EOF // there was time for the pipe to end
			case polled[0].revents != 0:
				return nil
			default:
				polled, limit = polled[:1], &lastRecords // the host is dead
			}
		}
	}
}

// openHost returns a descriptor that becomes readable when the host is dead, or -1, which is
// nothing.
func openHost(pid int) int {
	const pidfdOpen = 434 // its number in all architectures but old ones, where it is none
	if pid <= 1 {
		return -1
	}
	fd, _, errno := syscall.RawSyscall(pidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		return -1
	}
	if os.Getppid() != pid { // it died meanwhile, and so did the pipe
		syscall.Close(int(fd))
		return -1
	}
	return int(fd)
}
