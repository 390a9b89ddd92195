//go:build unix

package fdconn

import "golang.org/x/sys/unix"

// maxWrite is the most that one system call is given; some systems refuse 2 GiB and more.
const maxWrite = 1 << 30

// write writes bufs to a non-blocking fd until it takes no more. A full fd is no error.
func write(fd int, bufs [][]byte) (n int, err error) {
	for len(bufs) > 0 {
		if len(bufs[0]) == 0 {
			bufs = bufs[1:]
			continue
		}
		some, size := batch(bufs, maxBuffers, maxWrite)
		m, err := retry(func() (int, error) {
			if len(some) == 0 {
				return unix.Write(fd, bufs[0][:size])
			}
			return writeSome(fd, some)
		})
		n += max(m, 0)
		switch {
		case err == unix.EAGAIN:
			return n, nil
		case err != nil:
			return n, err
		case m < size || len(some) == 0:
			return n, nil
		}
		bufs = bufs[len(some):]
	}
	return n, nil
}

// batch returns the first buffers, at most as many as given and with at most as many bytes,
// and their bytes. If not even the first fits, it returns none of them, and how much of it
// does.
func batch(bufs [][]byte, buffers, bytes int) (some [][]byte, size int) {
	bufs = bufs[:min(len(bufs), buffers)]
	for i, b := range bufs {
		if size+len(b) > bytes {
			if i == 0 {
				size = bytes
			}
			return bufs[:i], size
		}
		size += len(b)
	}
	return bufs, size
}
