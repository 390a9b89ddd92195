//go:build linux || darwin || openbsd || illumos

package fdconn

import "golang.org/x/sys/unix"

// maxBuffers is how many buffers writeSome takes; the systems' own limit is 1024.
const maxBuffers = 512

// writeSome writes up to maxBuffers buffers with one system call.
func writeSome(fd int, bufs [][]byte) (int, error) {
	return unix.Writev(fd, bufs)
}
