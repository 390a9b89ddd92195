package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

// sizes are lengths of bodies around every boundary of the Reader's.
func sizes() []int {
	var all []int
	for _, at := range []int{4, firstBuffer, directFrame, fullBuffer, 4 * fullBuffer} {
		for d := -5; d <= 1; d++ {
			if at+d > 0 {
				all = append(all, at+d)
			}
		}
	}
	return all
}

// body makes a body of n bytes that no other body has anywhere.
func body(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + n)
	}
	return b
}

// TestReader reads frames of every size, one behind the other, however they arrive.
func TestReader(t *testing.T) {
	var stream []byte
	for _, n := range sizes() {
		stream = append(stream, frame(body(n))...)
		stream = append(stream, frame(body(3))...)
	}
	for _, way := range []struct {
		name string
		src  func(io.Reader) io.Reader
	}{
		{"at once", func(r io.Reader) io.Reader { return r }},
		{"byte by byte", iotest.OneByteReader},
		{"in halves", iotest.HalfReader},
		{"with the end along with the data", iotest.DataErrReader},
		{"with the end along with the last byte", func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) }},
		{"4 KiB at a time", func(r io.Reader) io.Reader { return &chunks{r, firstBuffer} }},
		{"4093 bytes at a time", func(r io.Reader) io.Reader { return &chunks{r, 4093} }},
	} {
		r := NewReader(way.src(bytes.NewReader(stream)))
		for _, size := range sizes() {
			for _, n := range []int{size, 3} {
				got, kept, err := r.Next()
				if err != nil || !bytes.Equal(got, body(n)) {
					t.Fatalf("%s: a body of %d bytes: %d bytes, %v", way.name, n, len(got), err)
				}
				if kept && n < directFrame {
					t.Fatalf("%s: a body of %d bytes is kept", way.name, n)
				}
			}
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: %v at the end", way.name, err)
		}
	}
}

// chunks reads a few bytes at a time.
type chunks struct {
	r io.Reader
	n int
}

func (c *chunks) Read(b []byte) (int, error) { return c.r.Read(b[:min(len(b), c.n)]) }

// TestReaderKept keeps bodies for as long as they may be.
func TestReaderKept(t *testing.T) {
	var stream []byte
	for n := directFrame; n < directFrame+200; n++ {
		stream = append(append(stream, frame(body(n))...), frame(body(100))...)
	}
	r := NewReader(iotest.HalfReader(bytes.NewReader(stream)))
	var kept [][]byte
	for {
		b, own, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if own {
			kept = append(kept, b)
		} else if cap(b) != len(b) {
			t.Fatal("appending to a body would write into the next")
		}
	}
	if len(kept) == 0 {
		t.Fatal("nothing was kept")
	}
	for _, b := range kept {
		if !bytes.Equal(b, body(len(b))) {
			t.Fatal("a body has changed that was to be kept")
		}
	}
}

// TestReaderLimit takes a frame of just the limit, and none over it.
func TestReaderLimit(t *testing.T) {
	for _, limit := range []int{LeastMaxFrame, fullBuffer, DefaultMaxFrame} {
		stream := append(frame(body(limit)), frame(body(limit+1))...)
		r := NewReader(bytes.NewReader(stream))
		r.SetLimit(limit)
		if b, _, err := r.Next(); err != nil || len(b) != limit {
			t.Errorf("a frame of the limit %d: %v", limit, err)
		}
		if _, _, err := r.Next(); ruleOf(err) != RuleFrameLength {
			t.Errorf("a frame over the limit %d: %v", limit, err)
		}
		if got := r.buf[r.r:r.w]; len(got) < 4 || !bytes.Equal(got[:4], stream[limit+4:limit+8]) {
			t.Errorf("what is left does not begin with the length that was refused")
		}
	}
}

// TestReaderErrors hands on what the stream fails with.
func TestReaderErrors(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{0, 2, 4, 10, 100 << 10} {
		src := io.MultiReader(bytes.NewReader(frame(body(200 << 10))[:n]), iotest.ErrReader(broken))
		if _, _, err := NewReader(src).Next(); err != broken {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestReaderPromises reads headers that promise 16 MiB, and allocates for what arrives.
func TestReaderPromises(t *testing.T) {
	for _, arrived := range []int{0, 1, 1000, 60 << 10, 1 << 20} {
		stream := frame(body(DefaultMaxFrame))[:4+arrived]
		got := allocated(func() {
			if _, _, err := NewReader(bytes.NewReader(stream)).Next(); err != io.ErrUnexpectedEOF {
				t.Fatal(err)
			}
		})
		// A buffer grows by four times, and the smaller ones before it make a third of it.
		limit := uint64(firstBuffer + 2*fullBuffer + 6*arrived)
		if got > limit || arrived < 2000 && got > 256<<10 {
			t.Errorf("%d of 16 MiB arrived, %d bytes were allocated", arrived, got)
		}
	}
}

// TestReaderSteady allocates nothing for frames that fit its buffer.
func TestReaderSteady(t *testing.T) {
	for _, n := range []int{3, 64, firstBuffer, directFrame - 1} {
		src := &endless{frame: frame(body(n))}
		r := NewReader(src)
		next := func() {
			if b, _, err := r.Next(); err != nil || len(b) != n {
				t.Fatal(len(b), err)
			}
		}
		for range 100 {
			next()
		}
		if got := testing.AllocsPerRun(1000, next); got != 0 {
			t.Errorf("%v allocations for a frame of %d bytes", got, n)
		}
	}
}

// endless is a stream of the same frame.
type endless struct {
	frame []byte
	at    int
}

func (e *endless) Read(b []byte) (n int, err error) {
	for n < len(b) {
		got := copy(b[n:], e.frame[e.at:])
		n += got
		e.at = (e.at + got) % len(e.frame)
	}
	return n, nil
}

// BenchmarkReader reads small frames that arrive many at a time.
func BenchmarkReader(b *testing.B) {
	for _, n := range []int{64, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := NewReader(&endless{frame: frame(body(n))})
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
