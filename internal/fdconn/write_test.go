//go:build unix

package fdconn

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestRetry(t *testing.T) {
	calls := 0
	n, err := retry(func() (int, error) {
		if calls++; calls < 3 {
			return -1, unix.EINTR
		}
		return 7, unix.EAGAIN
	})
	if calls != 3 || n != 7 || err != unix.EAGAIN {
		t.Errorf("%d calls, result %d, %v", calls, n, err)
	}
}

// A system call gets neither too many buffers nor too many bytes.
func TestBatch(t *testing.T) {
	b := func(n int) []byte { return make([]byte, n) }
	for _, test := range []struct {
		name       string
		bufs       [][]byte
		some, size int
	}{
		{"one", [][]byte{b(5)}, 1, 5},
		{"as many as go", [][]byte{b(1), b(2), b(3)}, 3, 6},
		{"too many", [][]byte{b(1), b(2), b(3), b(4)}, 3, 6},
		{"as large as goes", [][]byte{b(100)}, 1, 100},
		{"the second is too large", [][]byte{b(8), b(93)}, 1, 8},
		{"the first is too large", [][]byte{b(101), b(1)}, 0, 100},
	} {
		some, size := batch(test.bufs, 3, 100)
		if len(some) != test.some || size != test.size {
			t.Errorf("%s: %d buffers of %d bytes; want %d of %d", test.name, len(some), size, test.some, test.size)
		}
	}
}
