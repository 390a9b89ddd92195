//go:build unix && !(linux || darwin || openbsd || illumos)

package fdconn

import "golang.org/x/sys/unix"

// maxBuffers is one, since x/sys/unix has no Writev for these systems.
const maxBuffers = 1

// writeSome writes the only buffer it is given.
func writeSome(fd int, bufs [][]byte) (int, error) {
	return unix.Write(fd, bufs[0])
}
