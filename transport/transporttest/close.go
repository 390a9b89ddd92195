package transporttest

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/kinwire/kinwire/transport"
)

// testEOF: the end of the stream comes after its last byte, as io.EOF, and again when
// asked again.
func testEOF(t *testing.T, a, b transport.Conn) {
	data := pattern(2000)
	closing := begin(func() {
		if _, err := writeAll(a, data); err != nil {
			t.Errorf("writing: %v", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	within(t, "reading to the end", func() {
		got, err := readAll(b)
		wantSame(t, got, data)
		for range 2 {
			if err != io.EOF {
				t.Errorf("at the end: %v; want io.EOF", err)
			}
			_, err = b.Read(make([]byte, 10))
		}
	})
	wait(t, "Close", closing)
}

// testCloseDelivers: every byte of a full link arrives, although its writer has closed.
func testCloseDelivers(t *testing.T, a, b transport.Conn) {
	taken := fill(t, a)
	closing := begin(func() {
		if err := a.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	within(t, "reading to the end", func() {
		got, err := readAll(b)
		wantSame(t, got, taken)
		if err != io.EOF {
			t.Errorf("at the end: %v; want io.EOF", err)
		}
	})
	wait(t, "Close", closing)
}

// testCloseWakesRead: Close makes a Read that waits return.
func testCloseWakesRead(t *testing.T, a, b transport.Conn) {
	reading := begin(func() {
		if n, err := a.Read(make([]byte, 10)); n != 0 || !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read: %d, %v; want os.ErrClosed", n, err)
		}
	})
	time.Sleep(soon)
	within(t, "Close", func() { a.Close() })
	wait(t, "Read returns after Close", reading)
	wantClosed(t, a)
}

// testCloseWakesWaitWritable: Close makes a WaitWritable that waits return.
func testCloseWakesWaitWritable(t *testing.T, a, b transport.Conn) {
	fill(t, a)
	waiting := begin(func() {
		if err := a.WaitWritable(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("WaitWritable: %v; want os.ErrClosed", err)
		}
	})
	time.Sleep(soon)
	within(t, "Close", func() { a.Close() })
	wait(t, "WaitWritable returns after Close", waiting)
	wantClosed(t, a)
}

// testCloseDuringWrite: what TryWrite has counted before a Close in the middle of writing
// arrives, neither less nor more.
func testCloseDuringWrite(t *testing.T, a, b transport.Conn) {
	data := pattern(1 << 20)
	var taken []byte
	started := make(chan struct{})
	writing := begin(func() {
		for first := true; ; first = false {
			n, err := writeAll(a, data)
			taken = append(taken, data[:n]...)
			if first {
				close(started)
			}
			if err != nil {
				if !errors.Is(err, os.ErrClosed) {
					t.Errorf("writing while closed: %v; want os.ErrClosed", err)
				}
				return
			}
		}
	})
	closing := begin(func() {
		<-started
		a.Close()
	})
	within(t, "reading to the end", func() {
		got, err := readAll(b)
		wait(t, "the writer stops", writing)
		wantSame(t, got, taken)
		wantEnd(t, err)
	})
	wait(t, "Close", closing)
	wantClosed(t, a)
}

// testCloseTwice: several may close, and only the first can be told of an error.
func testCloseTwice(t *testing.T, a, b transport.Conn) {
	first := begin(func() { a.Close() })
	wait(t, "Close", first)
	for range 2 {
		within(t, "another Close", func() {
			if err := a.Close(); err != nil {
				t.Errorf("another Close: %v; want nil", err)
			}
		})
	}
	wantClosed(t, a)
}

// testPeerCloseWakesRead: a Read that waits sees the other side go, and so do writes,
// sooner or later.
func testPeerCloseWakesRead(t *testing.T, a, b transport.Conn) {
	reading := begin(func() {
		if n, err := a.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("Read: %d, %v; want io.EOF", n, err)
		}
	})
	time.Sleep(soon)
	within(t, "the other side's Close", func() { b.Close() })
	wait(t, "Read returns when the other side has gone", reading)
	wantBroken(t, a)
}

// testPeerCloseWakesWaitWritable: a writer that waits for a reader which goes instead is
// told, and what the reader had sent is still there.
func testPeerCloseWakesWaitWritable(t *testing.T, a, b transport.Conn) {
	words := []byte("last words")
	fill(t, a)
	within(t, "last words", func() {
		if _, err := writeAll(b, words); err != nil {
			t.Errorf("writing: %v", err)
		}
	})
	waiting := begin(func() {
		if err := a.WaitWritable(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Errorf("WaitWritable: %v; TryWrite is to tell", err)
		}
	})
	time.Sleep(soon)
	closing := begin(func() { b.Close() })
	within(t, "last words arrive", func() { wantRead(t, a, words) })
	wait(t, "the other side's Close", closing)
	wait(t, "WaitWritable returns when the other side has gone", waiting)
	wantBroken(t, a)
	within(t, "the end", func() {
		rest, err := readAll(a)
		wantSame(t, rest, nil)
		wantEnd(t, err)
	})
}

// wantBroken fails unless writing to a side that has gone ends in an error, which is not
// that of a Close here.
func wantBroken(t *testing.T, c transport.Conn) {
	t.Helper()
	within(t, "writing to a side that has gone fails", func() {
		data := pattern(10_000)
		for sent := 0; sent < mostBuffered; {
			n, err := c.TryWrite([][]byte{data})
			if errors.Is(err, os.ErrClosed) {
				t.Errorf("writing to a side that has gone: %v; only a Close here may say so", err)
			}
			if err != nil {
				return
			}
			sent += n
			if err := c.WaitWritable(); err != nil {
				t.Errorf("WaitWritable: %v; TryWrite is to tell", err)
				return
			}
		}
		t.Error("writing to a side that has gone never fails")
	})
}
