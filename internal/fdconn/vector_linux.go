package fdconn

import "golang.org/x/sys/unix"

// maxVector is the most buffers that the system takes at once.
const maxVector = 1024

// vector is the buffers of one system call, in memory that is used again.
type vector struct {
	iov  []unix.Iovec
	msg  unix.Msghdr
	size int // bytes in iov
}

// fill takes the first of bufs, as many as go, and returns the rest.
func (v *vector) fill(bufs [][]byte) [][]byte {
	v.iov, v.size = v.iov[:0], 0
	for i, b := range bufs {
		if len(v.iov) == maxVector {
			return bufs[i:]
		}
		if len(b) > 0 {
			next := unix.Iovec{Base: &b[0]}
			next.SetLen(len(b))
			v.iov = append(v.iov, next)
			v.size += len(b)
		}
	}
	return nil
}

// forget drops what refers to the caller's buffers.
func (v *vector) forget() { clear(v.iov) }
