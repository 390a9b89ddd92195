package transporttest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/kinwire/kinwire/transport"
)

const (
	// hang is how long nothing may happen before a test says that it never will.
	hang = 30 * time.Second
	// soon is how long another goroutine gets to reach the call that the test is about;
	// the result does not depend on it.
	soon = 5 * time.Millisecond
	// mostBuffered is more than a link can hold.
	mostBuffered = 64 << 20
)

// within fails the test if f does not return.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	wait(t, what, begin(f))
}

// begin runs f in a goroutine whose end is seen on the channel.
func begin(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

// wait fails the test if what begin started does not end.
func wait(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	timer := time.NewTimer(hang)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		stacks := make([]byte, 1<<20)
		t.Fatalf("%s: still waiting after %v\n%s", what, hang, stacks[:runtime.Stack(stacks, true)])
	}
}

// pattern returns n bytes that differ at every place, as far as a test would notice.
func pattern(n int) []byte {
	p := make([]byte, n)
	x := uint32(n)*2654435761 + 1
	for i := range p {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i] = byte(x)
	}
	return p
}

// writeAll writes all of bufs, as a peer does: try, and wait when the link is full.
func writeAll(c transport.Conn, bufs ...[]byte) (n int, err error) {
	for size(bufs) > 0 {
		m, err := c.TryWrite(bufs)
		n += m
		if err != nil {
			return n, err
		}
		if bufs = skip(bufs, m); size(bufs) > 0 {
			if err := c.WaitWritable(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// size is how many bytes bufs hold.
func size(bufs [][]byte) (n int) {
	for _, b := range bufs {
		n += len(b)
	}
	return n
}

// skip returns bufs without their first n bytes, and leaves bufs as they are.
func skip(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n == 0 {
		return bufs
	}
	rest := append([][]byte(nil), bufs...)
	rest[0] = rest[0][n:]
	return rest
}

// fill writes until the link takes no more, and returns what it has taken. A link that
// passes bytes on by a goroutine is full when that can do no more either.
func fill(t *testing.T, c transport.Conn) []byte {
	t.Helper()
	data := pattern(1 << 20)
	var taken []byte
	for full := 0; full < 3; {
		n, err := c.TryWrite([][]byte{data})
		if err != nil {
			t.Fatalf("filling the link: %v", err)
		}
		taken = append(taken, data[:n]...)
		if len(taken) > mostBuffered {
			t.Fatalf("the link has taken %d bytes that nobody reads, and is still not full", len(taken))
		}
		full++
		if n > 0 {
			full = 0
		}
		time.Sleep(soon)
	}
	return taken
}

// readAll reads to the end of the stream. It returns the error that ended it, io.EOF
// included.
func readAll(c transport.Conn) ([]byte, error) {
	var got bytes.Buffer
	p := make([]byte, 10_000)
	for {
		n, err := c.Read(p)
		got.Write(p[:n])
		if err != nil {
			return got.Bytes(), err
		}
	}
}

// wantRead reads exactly want from r.
func wantRead(t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil {
		t.Errorf("read %d of %d bytes: %v", n, len(want), err)
		return
	}
	wantSame(t, got, want)
}

// wantSame fails if what arrived is not what was sent.
func wantSame(t *testing.T, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Errorf("%d bytes arrived and %d were sent; they differ from byte %d on", len(got), len(want), i)
}

// wantClosed fails unless every method says that Close was called.
func wantClosed(t *testing.T, c transport.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read after Close: %d, %v; want os.ErrClosed", n, err)
	}
	if n, err := c.TryWrite([][]byte{{1}}); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("TryWrite after Close: %d, %v; want os.ErrClosed", n, err)
	}
	if err := c.WaitWritable(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("WaitWritable after Close: %v; want os.ErrClosed", err)
	}
}

// wantEnd fails unless err ends a stream: an end of file, or a break, but no Close here.
func wantEnd(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, os.ErrClosed) {
		t.Errorf("Read at the end of the stream: %v; want io.EOF or what broke the link", err)
	}
}
