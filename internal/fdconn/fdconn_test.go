//go:build unix

package fdconn_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var links = map[string]func(t *testing.T) (a, b transport.Conn){
	"socket": func(t *testing.T) (transport.Conn, transport.Conn) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		a, b := file(t, fds[0]), file(t, fds[1])
		return fdconn.New(a, a), fdconn.New(b, b)
	},
	"pipes": func(t *testing.T) (transport.Conn, transport.Conn) {
		ar, bw, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		br, aw, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		return fdconn.New(ar, aw), fdconn.New(br, bw)
	},
}

func file(t *testing.T, fd int) *os.File {
	t.Helper()
	f, err := fdconn.File(fd, "link")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestConn(t *testing.T) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			transporttest.TestConn(t, func() (transport.Conn, transport.Conn, func()) {
				a, b := link(t)
				return a, b, nil
			})
		})
	}
}

// The kernel has what was taken: it arrives although nobody was reading when the link was
// closed.
func TestDeliveredAfterClose(t *testing.T) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			a, b := link(t)
			defer b.Close()
			data := bytes.Repeat([]byte("last words "), 500_000)
			n, err := a.TryWrite([][]byte{data})
			if n == 0 || n == len(data) || err != nil {
				t.Fatalf("TryWrite: %d, %v", n, err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(b)
			if err != nil || !bytes.Equal(got, data[:n]) {
				t.Errorf("%d of %d bytes arrived: %v", len(got), n, err)
			}
		})
	}
}

func TestTryWriteAllocatesNothing(t *testing.T) {
	for name, link := range links {
		for _, buffers := range []int{1, 2, 8} {
			a, b := link(t)
			bufs := make([][]byte, buffers)
			for i := range bufs {
				bufs[i] = make([]byte, 100)
			}
			p := make([]byte, 1000)
			if n := testing.AllocsPerRun(200, func() {
				if _, err := a.TryWrite(bufs); err != nil {
					t.Fatal(err)
				}
				if err := a.WaitWritable(); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Read(p); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s: TryWrite of %d buffers, WaitWritable and Read allocate %v times", name, buffers, n)
			}
			a.Close()
			b.Close()
		}
	}
}

// A link is full exactly when the system says so, and an error names what it belongs to.
func TestErrors(t *testing.T) {
	a, b := links["socket"](t)
	defer a.Close()
	for {
		n, err := a.TryWrite([][]byte{make([]byte, 10_000)})
		if err != nil {
			t.Fatalf("a full link: %v; that is no error", err)
		}
		if n == 0 {
			break
		}
	}
	b.Close()
	if err := a.WaitWritable(); err != nil {
		t.Errorf("WaitWritable: %v", err)
	}
	n, err := a.TryWrite([][]byte{{1}})
	var path *os.PathError
	if n != 0 || !errors.As(err, &path) || path.Path != "link" {
		t.Errorf("TryWrite to a side that has gone: %d, %v", n, err)
	}
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("TryWrite to a side that has gone: %v", err)
	}
}

// A side that leaves without reading everything resets a socket on Linux. That is not an
// orderly end, so Read does not call it one, but only after the last words.
func TestReset(t *testing.T) {
	a, b := links["socket"](t)
	defer a.Close()
	a.TryWrite([][]byte{[]byte("never read")})
	b.TryWrite([][]byte{[]byte("last words")})
	b.Close()
	got, err := io.ReadAll(a)
	if string(got) != "last words" {
		t.Errorf("read %q, %v", got, err)
	}
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the end is %v; want ECONNRESET, or io.EOF where the system does not tell", err)
	}
}

// Files that the poller can't take are always ready, and work.
func TestUnpollable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var bufs [][]byte
	for range 3000 {
		bufs = append(bufs, []byte("x"), nil)
	}
	for _, test := range []struct {
		path string
		want int
	}{{path, 3000}, {os.DevNull, 0}} {
		fd, err := unix.Open(test.path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		w := file(t, fd)
		r, err := os.Open(test.path)
		if err != nil {
			t.Fatal(err)
		}
		c := fdconn.New(r, w)
		if err := c.WaitWritable(); err != nil {
			t.Errorf("%s: WaitWritable: %v", test.path, err)
		}
		if n, err := c.TryWrite(bufs); n != 3000 || err != nil {
			t.Errorf("%s: TryWrite of 3,000 bytes in 6,000 buffers: %d, %v", test.path, n, err)
		}
		if got, err := io.ReadAll(c); len(got) != test.want || err != nil {
			t.Errorf("%s: read %d bytes, %v", test.path, len(got), err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("%s: Close: %v", test.path, err)
		}
		if _, err := c.TryWrite(bufs); err != os.ErrClosed {
			t.Errorf("%s: TryWrite after Close: %v", test.path, err)
		}
		if _, err := c.Read(make([]byte, 1)); err != os.ErrClosed {
			t.Errorf("%s: Read after Close: %v", test.path, err)
		}
	}
}
