package transporttest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/kinwire/kinwire/transport"
)

// directCases are the clauses of transport.Direct. Each gets a fresh link.
var directCases = []struct {
	name string
	run  func(t *testing.T, a, b transport.Direct)
}{
	{"TryRead", testTryRead},
	{"ReadSoon", testReadSoon},
	{"WaitSoon", testWaitSoon},
	{"LastWords", testDirectLastWords},
	{"ReadStorm", testReadStorm},
	{"WriteStorm", testWriteStorm},
	{"BothStorm", testBothStorm},
}

// testTryRead: nothing is no error, what is there is read, and the end is that of Read.
func testTryRead(t *testing.T, a, b transport.Direct) {
	for range 3 {
		if n, err := a.TryRead(make([]byte, 10)); n != 0 || err != nil {
			t.Fatalf("TryRead of nothing: %d, %v", n, err)
		}
	}
	data := pattern(300_000)
	writer := begin(func() {
		if _, err := writeAll(b, data); err != nil {
			t.Errorf("writing: %v", err)
		}
	})
	within(t, "trying to read", func() { wantRead(t, again(a.TryRead), data) })
	wait(t, "the writer ends", writer)
	if n, err := a.TryRead(nil); n != 0 || err != nil {
		t.Errorf("TryRead into nothing: %d, %v", n, err)
	}
	a.Close()
	if n, err := a.TryRead(make([]byte, 10)); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("TryRead after Close: %d, %v; want os.ErrClosed", n, err)
	}
}

// testReadSoon: a wait for nothing ends, what comes meanwhile is read, and so is what was
// there before.
func testReadSoon(t *testing.T, a, b transport.Direct) {
	within(t, "waits for nothing", func() {
		for range 3 {
			if n, err := a.ReadSoon(make([]byte, 10)); n != 0 || err != nil {
				t.Errorf("ReadSoon of nothing: %d, %v", n, err)
			}
		}
	})
	data := pattern(300_000)
	writer := begin(func() {
		time.Sleep(soon)
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 30_000)
			if _, err := writeAll(b, rest[:n]); err != nil {
				t.Errorf("writing: %v", err)
			}
			rest = rest[n:]
			runtime.Gosched()
		}
	})
	within(t, "reading soon", func() { wantRead(t, again(a.ReadSoon), data) })
	wait(t, "the writer ends", writer)
	if n, err := a.ReadSoon(nil); n != 0 || err != nil {
		t.Errorf("ReadSoon into nothing: %d, %v", n, err)
	}
	a.Close()
	if n, err := a.ReadSoon(make([]byte, 10)); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("ReadSoon after Close: %d, %v; want os.ErrClosed", n, err)
	}
}

// testWaitSoon: it ends in any case, and often enough for a full link to be emptied and
// for an empty one to be read.
func testWaitSoon(t *testing.T, a, b transport.Direct) {
	taken := fill(t, a)
	within(t, "a wait for nothing", func() {
		if err := a.WaitSoon(); err != nil {
			t.Errorf("WaitSoon: %v", err)
		}
	})
	word := []byte("word")
	within(t, "something arrives", func() {
		if _, err := writeAll(b, word); err != nil {
			t.Errorf("writing: %v", err)
		}
		wantRead(t, waiting(a), word)
	})
	reader := begin(func() { wantRead(t, b, append(taken, word...)) })
	within(t, "there is room", func() {
		for rest := word; len(rest) > 0; {
			n, err := a.TryWrite([][]byte{rest})
			if err == nil {
				rest = rest[n:]
				err = a.WaitSoon()
			}
			if err != nil {
				t.Errorf("writing: %v", err)
				return
			}
		}
	})
	wait(t, "the reader ends", reader)
	b.Close()
	within(t, "the other side goes", func() {
		if err := a.WaitSoon(); err != nil {
			t.Errorf("WaitSoon when the other side has gone: %v; want nil", err)
		}
	})
	a.Close()
	if err := a.WaitSoon(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("WaitSoon after Close: %v; want os.ErrClosed", err)
	}
}

// testDirectLastWords: what was sent before the end is read before the end, in each way
// that there is.
func testDirectLastWords(t *testing.T, a, b transport.Direct) {
	data := pattern(20_000)
	within(t, "last words", func() {
		if _, err := writeAll(b, data); err != nil {
			t.Errorf("writing: %v", err)
		}
		b.Close()
		got := make([]byte, len(data))
		for n := 0; n < len(got); {
			m, err := [...]func([]byte) (int, error){a.TryRead, a.ReadSoon, a.Read}[n%3](got[n:min(n+1000, len(got))])
			if n += m; err != nil {
				t.Errorf("after %d bytes: %v", n, err)
				return
			}
		}
		wantSame(t, got, data)
		for range 2 {
			for name, read := range map[string]func([]byte) (int, error){"TryRead": a.TryRead, "ReadSoon": a.ReadSoon, "Read": a.Read} {
				if n, err := read(make([]byte, 10)); n != 0 || err != io.EOF {
					t.Errorf("%s at the end: %d, %v; want io.EOF", name, n, err)
				}
			}
		}
	})
}

// testReadStorm: whatever the order of the ways to read, each byte arrives, and the one
// that waits is woken. The writer stops again and again until all has arrived, so that a
// wake-up which is lost is not made good by the next.
func testReadStorm(t *testing.T, a, b transport.Direct) {
	const rounds = 1500
	arrived := make(chan struct{})
	random := rand.New(rand.NewPCG(3, 3))
	data := pattern(1 << 16)
	writer := begin(func() {
		for range rounds {
			for range 1 + random.IntN(3) {
				pause(random)
				if _, err := writeAll(b, data[:1+random.IntN(40)]); err != nil {
					t.Errorf("writing: %v", err)
					return
				}
			}
			if _, err := writeAll(b, []byte{0xff}, data[:random.IntN(len(data))], []byte{0xfe}); err != nil {
				t.Errorf("writing: %v", err)
				return
			}
			<-arrived
		}
	})
	within(t, "the reader gets everything", func() {
		defer close(arrived) // also when it gives up
		expected := rand.New(rand.NewPCG(3, 3))
		ways := rand.New(rand.NewPCG(4, 4))
		from := anyWay(a, ways)
		for range rounds {
			var want []byte
			for range 1 + expected.IntN(3) {
				expected.IntN(pauses)
				want = append(want, data[:1+expected.IntN(40)]...)
			}
			want = append(want, 0xff)
			want = append(want, data[:expected.IntN(len(data))]...)
			want = append(want, 0xfe)
			got := make([]byte, len(want))
			if n, err := io.ReadFull(from, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d of %d bytes, or not those that were sent: %v", n, len(want), err)
				return
			}
			arrived <- struct{}{}
		}
	})
	wait(t, "the writer ends", writer)
}

// testWriteStorm: a writer that waits in either way, or does not, is woken by a reader
// that makes room whenever it likes.
func testWriteStorm(t *testing.T, a, b transport.Direct) {
	data := pattern(8 << 20)
	writer := begin(func() { writeAnyWay(t, a, data, rand.New(rand.NewPCG(5, 5)), a.WaitWritable, a.WaitSoon) })
	within(t, "the reader gets everything", func() {
		random := rand.New(rand.NewPCG(6, 6))
		got := make([]byte, len(data))
		for n := 0; n < len(got); {
			pause(random)
			m, err := b.Read(got[n:min(len(got), n+1+random.IntN(400_000))])
			if n += m; err != nil {
				t.Errorf("after %d bytes: %v", n, err)
				return
			}
		}
		wantSame(t, got, data)
	})
	wait(t, "the writer ends", writer)
}

// testBothStorm: the waits of the two directions don't disturb each other.
func testBothStorm(t *testing.T, a, b transport.Direct) {
	data := pattern(4 << 20)
	var sides []<-chan struct{}
	for i, c := range []transport.Direct{a, b} {
		sides = append(sides, begin(func() {
			writeAnyWay(t, c, data, rand.New(rand.NewPCG(7, uint64(i))), c.WaitWritable)
		}), begin(func() {
			wantRead(t, anyWay(c, rand.New(rand.NewPCG(8, uint64(i)))), data)
		}))
	}
	for _, side := range sides {
		wait(t, "4 MiB both ways at once", side)
	}
}

// testCloseStorm: Close ends each method at every moment, and lets the other side see the
// end.
func testCloseStorm(t *testing.T, makeLink func() (a, b transport.Conn, stop func())) {
	random := rand.New(rand.NewPCG(9, 9))
	p := make([]byte, 1000)
	data := pattern(3 << 20)
	nothing := func(n int, err error) error { return err }
	methods := []struct {
		name string
		full bool
		call func(c transport.Direct) error
	}{
		{"TryRead", false, func(c transport.Direct) error { return nothing(c.TryRead(p)) }},
		{"ReadSoon", false, func(c transport.Direct) error { return nothing(c.ReadSoon(p)) }},
		{"Read", false, func(c transport.Direct) error { return nothing(c.Read(p)) }},
		{"TryWrite", false, func(c transport.Direct) error { return nothing(c.TryWrite([][]byte{data})) }},
		{"WaitWritable", true, transport.Direct.WaitWritable},
		{"WaitSoon", true, transport.Direct.WaitSoon},
	}
	for i := range 15 * len(methods) {
		m := methods[i%len(methods)]
		x, y, stop := makeLink()
		a, b := x.(transport.Direct), y.(transport.Direct)
		if m.full {
			for range 2 { // the second finds it full
				if _, err := a.TryWrite([][]byte{data}); err != nil {
					t.Fatal(err)
				}
			}
		}
		running := begin(func() {
			for {
				if err := m.call(a); err != nil {
					if !errors.Is(err, os.ErrClosed) {
						t.Errorf("%s while closed: %v; want os.ErrClosed", m.name, err)
					}
					return
				}
			}
		})
		far := begin(func() {
			_, err := readAll(b)
			wantEnd(t, err)
		})
		if m.name == "WaitWritable" || m.name == "WaitSoon" {
			runtime.Gosched()
		}
		for range random.IntN(4) {
			pause(random)
		}
		within(t, "Close", func() { a.Close() })
		wait(t, m.name+" ends", running)
		wait(t, "the other side sees the end", far)
		b.Close()
		if stop != nil {
			stop()
		}
	}
}

// reader is the Read of a link that waits in some way of its own.
type reader func(p []byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// again reads by try until there is something.
func again(try func([]byte) (int, error)) io.Reader {
	return reader(func(p []byte) (int, error) {
		for {
			n, err := try(p)
			if n > 0 || err != nil || len(p) == 0 {
				return n, err
			}
			runtime.Gosched()
		}
	})
}

// waiting reads with TryRead and WaitSoon alone.
func waiting(c transport.Direct) io.Reader {
	return reader(func(p []byte) (int, error) {
		for {
			n, err := c.TryRead(p)
			if n > 0 || err != nil {
				return n, err
			}
			if err := c.WaitSoon(); err != nil {
				return 0, err
			}
		}
	})
}

// anyWay reads in ways that random chooses, and at most 4 KiB at a time every now and then.
func anyWay(c transport.Direct, random *rand.Rand) io.Reader {
	return reader(func(p []byte) (int, error) {
		if random.IntN(3) == 0 {
			p = p[:min(len(p), 4096)]
		}
		for {
			n, err := 0, error(nil)
			switch random.IntN(6) {
			case 0, 1:
				n, err = c.TryRead(p)
			case 2, 3:
				n, err = c.ReadSoon(p)
			default:
				n, err = c.Read(p)
				if n == 0 && err == nil && len(p) > 0 {
					err = errors.New("Read returned nothing, and no error")
				}
			}
			if n > 0 || err != nil {
				return n, err
			}
		}
	})
}

// writeAnyWay writes data in pieces that random chooses. When the link is full it waits in
// one of the ways, or tries again without.
func writeAnyWay(t *testing.T, c transport.Direct, data []byte, random *rand.Rand, waits ...func() error) {
	for len(data) > 0 {
		piece := data[:min(len(data), 1+random.IntN(300_000))]
		n, err := c.TryWrite([][]byte{piece[:len(piece)/3], piece[len(piece)/3:]})
		data = data[n:]
		if err == nil && n < len(piece) {
			if way := random.IntN(4); way == 0 {
				runtime.Gosched()
			} else {
				err = waits[way%len(waits)]()
			}
		}
		if err != nil {
			t.Errorf("with %d bytes left to write: %v", len(data), err)
			return
		}
	}
}

// pauses is how many kinds of pause there are.
const pauses = 8

// pause passes some time, or none. It takes one number from random.
func pause(random *rand.Rand) {
	switch random.IntN(pauses) {
	case 0:
		time.Sleep(50 * time.Microsecond)
	case 1, 2:
		runtime.Gosched()
	case 3:
		for range 20 {
			runtime.Gosched()
		}
	}
}
