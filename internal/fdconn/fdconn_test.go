//go:build unix

package fdconn

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// links are the kinds of link that there are, on Linux each in its two forms.
var links = map[string]func(t testing.TB) (a, b transport.Conn){
	"socket":        func(t testing.TB) (a, b transport.Conn) { return sockets(t, Open) },
	"pipes":         func(t testing.TB) (a, b transport.Conn) { return pipes(t, Open) },
	"polled socket": func(t testing.TB) (a, b transport.Conn) { return sockets(t, openPolled) },
	"polled pipes":  func(t testing.TB) (a, b transport.Conn) { return pipes(t, openPolled) },
}

type opener func(r, w int, name string) (transport.Conn, error)

func (open opener) must(t testing.TB, r, w int) transport.Conn {
	t.Helper()
	c, err := open(r, w, "link")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sockets(t testing.TB, open opener) (a, b transport.Conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	return open.must(t, fds[0], fds[0]), open.must(t, fds[1], fds[1])
}

func pipes(t testing.TB, open opener) (a, b transport.Conn) {
	t.Helper()
	var up, down [2]int
	if err := unix.Pipe(up[:]); err != nil {
		t.Fatal(err)
	}
	if err := unix.Pipe(down[:]); err != nil {
		t.Fatal(err)
	}
	return open.must(t, up[0], down[1]), open.must(t, down[0], up[1])
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
		for _, buffers := range []int{1, 2, 8, 100, 3000} {
			if buffers > 8 && strings.HasPrefix(name, "polled") {
				continue // x/sys/unix.Writev allocates
			}
			a, b := link(t)
			bufs := make([][]byte, buffers)
			for i := range bufs {
				bufs[i] = make([]byte, 10)
			}
			p := make([]byte, 10*buffers)
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
		w, err := unix.Open(test.path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		r, err := unix.Open(test.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := opener(Open).must(t, r, w)
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
