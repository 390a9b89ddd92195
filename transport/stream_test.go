package transport_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/transporttest"
)

func TestStream(t *testing.T) {
	dir, err := os.MkdirTemp("", "kw") // short: the name of a socket must be
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Skipf("no Unix sockets here: %v", err)
	}
	defer listener.Close()
	transporttest.TestConn(t, func() (transport.Conn, transport.Conn, func()) {
		a, err := net.Dial("unix", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		b, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return transport.Stream(a), transport.Stream(b), nil
	})
}

// Close waits for a reader that still reads, and what was taken arrives.
func TestStreamCloseWaitsForReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		conn := transport.Stream(a)
		data := make([]byte, 50_000)
		if n, err := conn.TryWrite([][]byte{data}); n != len(data) || err != nil {
			t.Fatalf("TryWrite: %d, %v", n, err)
		}
		got := make(chan int)
		go func() {
			time.Sleep(time.Second / 2)
			all, _ := io.ReadAll(b)
			got <- len(all)
		}()
		if err := conn.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if n := <-got; n != len(data) {
			t.Errorf("%d of %d bytes arrived", n, len(data))
		}
	})
}

// Close gives a reader that never reads one second, and says that bytes were given up.
// Read and WaitWritable do not wait for that.
func TestStreamCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		conn := transport.Stream(a)
		for range 2 {
			conn.TryWrite([][]byte{make([]byte, 100_000)})
			synctest.Wait() // the goroutine has taken its piece
		}
		start := time.Now()
		results := make(chan error, 2)
		go func() { results <- conn.WaitWritable() }()
		go func() {
			_, err := conn.Read(make([]byte, 1))
			results <- err
		}()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- conn.Close() }()
		for range 2 {
			if err := <-results; !errors.Is(err, os.ErrClosed) || time.Since(start) != 0 {
				t.Errorf("%v after %v; want os.ErrClosed at once", err, time.Since(start))
			}
		}
		if err := <-closed; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Close: %v after %v; want os.ErrDeadlineExceeded after a second", err, time.Since(start))
		}
	})
}

// What breaks the stream under the goroutine is what the next TryWrite says.
func TestStreamReportsWriteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		conn := transport.Stream(failing{broken})
		if n, err := conn.TryWrite([][]byte{{1, 2, 3}}); n != 3 || err != nil {
			t.Errorf("the first TryWrite: %d, %v", n, err)
		}
		synctest.Wait()
		if err := conn.WaitWritable(); err != nil {
			t.Errorf("WaitWritable: %v; TryWrite is to tell", err)
		}
		if _, err := conn.TryWrite([][]byte{{4}}); err != broken {
			t.Errorf("the next TryWrite: %v; want %v", err, broken)
		}
		if err := conn.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// failing is a stream in which every write fails.
type failing struct{ err error }

func (failing) Read([]byte) (int, error)    { return 0, io.EOF }
func (f failing) Write([]byte) (int, error) { return 0, f.err }
func (failing) Close() error                { return nil }
