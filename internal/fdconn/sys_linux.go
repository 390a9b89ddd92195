package fdconn

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Up to these sizes a call that never waits is over before it would pay to tell Go's
// scheduler of it.
const (
	quickRead  = 128 << 10
	quickWrite = 16 << 10
)

// readNow reads what is there. If that is nothing it fails with EAGAIN. p is not empty.
func (d *descriptor) readNow(p []byte) (int, syscall.Errno) {
	if len(p) > quickRead {
		return d.read(p, unix.MSG_DONTWAIT)
	}
	for {
		n, _, errno := unix.RawSyscall6(d.readCall(), uintptr(d.fd),
			uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return received(p, n, errno)
		}
	}
}

// read reads from a socket under flags, and from a pipe what is there.
func (d *descriptor) read(p []byte, flags uintptr) (int, syscall.Errno) {
	for {
		n, _, errno := unix.Syscall6(d.readCall(), uintptr(d.fd),
			uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), flags, 0, 0)
		if errno != unix.EINTR {
			return received(p, n, errno)
		}
	}
}

// readCall is the system call to read with: recvfrom for a socket, and read, which does
// not look at the arguments that it lacks, for a pipe.
func (d *descriptor) readCall() uintptr {
	if d.socket {
		return unix.SYS_RECVFROM
	}
	return unix.SYS_READ
}

// received is the result of a system call that reads.
func received(p []byte, n uintptr, errno syscall.Errno) (int, syscall.Errno) {
	if errno != 0 {
		return 0, errno
	}
	raceReceived(p[:n])
	return int(n), 0
}

// writeNow writes as much of v as there is room for. If that is nothing it fails with
// EAGAIN. v is not empty.
func (d *descriptor) writeNow(v *vector) (int, syscall.Errno) {
	raceSending(v.iov)
	call, arg, last := uintptr(unix.SYS_WRITEV), unsafe.Pointer(&v.iov[0]), uintptr(len(v.iov))
	if d.socket {
		v.msg.Iov = &v.iov[0]
		v.msg.SetIovlen(len(v.iov))
		call, arg, last = unix.SYS_SENDMSG, unsafe.Pointer(&v.msg), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL
	}
	for {
		var n uintptr
		var errno syscall.Errno
		if v.size <= quickWrite {
			n, _, errno = unix.RawSyscall(call, uintptr(d.fd), uintptr(arg), last)
		} else {
			n, _, errno = unix.Syscall(call, uintptr(d.fd), uintptr(arg), last)
		}
		switch errno {
		case 0:
			return int(n), 0
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}
