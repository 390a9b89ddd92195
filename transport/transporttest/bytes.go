package transporttest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kinwire/kinwire/transport"
)

// testConversation: questions and answers alternate, while each side waits in Read.
func testConversation(t *testing.T, a, b transport.Conn) {
	echo := begin(func() {
		p := make([]byte, 4096)
		for {
			n, err := b.Read(p)
			if err != nil {
				return
			}
			if _, err := writeAll(b, p[:n]); err != nil {
				t.Errorf("answering: %v", err)
				return
			}
		}
	})
	within(t, "a conversation of 1,000 messages", func() {
		for i := range 1000 {
			message := fmt.Appendf(nil, "message %d %s", i, pattern(i%100))
			if _, err := writeAll(a, message[:3], message[3:]); err != nil {
				t.Errorf("asking: %v", err)
				return
			}
			wantRead(t, a, message)
		}
	})
	within(t, "closing", func() { a.Close() })
	wait(t, "the other side sees the end", echo)
}

// testBothWriteFirst: each side fills the link before anyone reads, then sends 4 MiB while
// it reads as much; neither direction holds the other up.
func testBothWriteFirst(t *testing.T, a, b transport.Conn) {
	bulk := pattern(4 << 20)
	var sides []<-chan struct{}
	fromA, fromB := fill(t, a), fill(t, b)
	for _, c := range []transport.Conn{a, b} {
		sides = append(sides, begin(func() {
			if n, err := writeAll(c, bulk[:1000], bulk[1000:1500], bulk[1500:]); err != nil {
				t.Errorf("wrote %d bytes: %v", n, err)
			}
		}))
	}
	sides = append(sides,
		begin(func() { wantRead(t, a, append(fromB, bulk...)) }),
		begin(func() { wantRead(t, b, append(fromA, bulk...)) }))
	for _, side := range sides {
		wait(t, "4 MiB both ways at once", side)
	}
}

// testPartialWrite: a write that does not fit is taken in part, the count is right to the
// byte, and the caller's buffers are as they were.
func testPartialWrite(t *testing.T, a, b transport.Conn) {
	bufs := [][]byte{pattern(100), nil, pattern(70_000), {}, pattern(3_000_000)}
	before := make([][]byte, len(bufs))
	for i, b := range bufs {
		before[i] = bytes.Clone(b)
	}
	var sent []byte
	for range 20 {
		n, err := a.TryWrite(bufs)
		if err != nil || n < 0 || n > size(bufs) {
			t.Fatalf("TryWrite of %d bytes: %d, %v", size(bufs), n, err)
		}
		sent = append(sent, bytes.Join(before, nil)[:n]...)
	}
	for i, b := range bufs {
		if len(b) != len(before[i]) || !bytes.Equal(b, before[i]) {
			t.Errorf("TryWrite changed buffer %d", i)
		}
	}
	within(t, "what was taken arrives", func() { wantRead(t, b, sent) })
	within(t, "the link has room again", func() {
		if err := a.WaitWritable(); err != nil {
			t.Errorf("WaitWritable: %v", err)
		}
	})
}

// testManyBuffers: more buffers than a system call takes, empty ones among them, arrive in
// order; no bytes at all are no error.
func testManyBuffers(t *testing.T, a, b transport.Conn) {
	data := pattern(20_000)
	var bufs [][]byte
	for rest := data; len(rest) > 0; {
		n := min(len(bufs)%11, len(rest))
		bufs = append(bufs, rest[:n])
		rest = rest[n:]
	}
	for _, none := range [][][]byte{nil, {}, {nil, {}}} {
		if n, err := a.TryWrite(none); n != 0 || err != nil {
			t.Errorf("TryWrite of nothing: %d, %v", n, err)
		}
	}
	writer := begin(func() {
		if n, err := writeAll(a, bufs...); err != nil {
			t.Errorf("wrote %d bytes: %v", n, err)
		}
	})
	within(t, "thousands of buffers arrive", func() { wantRead(t, b, data) })
	wait(t, "the writer ends", writer)
}

// testWakeupStress: the reader makes room in the very moment in which the writer begins to
// wait for it, over and over. A wake-up that is lost is a test that hangs.
func testWakeupStress(t *testing.T, a, b transport.Conn) {
	const total = 16 << 20
	data := pattern(1 << 20)
	writer := begin(func() {
		random := rand.New(rand.NewPCG(1, 1))
		for sent := 0; sent < total; {
			at := sent % len(data)
			piece := data[at:min(at+1+random.IntN(100_000), len(data), at+total-sent)]
			n, err := a.TryWrite([][]byte{piece})
			if err != nil {
				t.Errorf("writing: %v", err)
				return
			}
			sent += n
			if n < len(piece) {
				if err := a.WaitWritable(); err != nil {
					t.Errorf("waiting: %v", err)
					return
				}
			}
		}
	})
	within(t, "the reader gets everything", func() {
		random := rand.New(rand.NewPCG(2, 2))
		p := make([]byte, 300_000)
		for got := 0; got < total; {
			n, err := b.Read(p[:1+random.IntN(len(p))])
			if err != nil {
				t.Errorf("reading: %v", err)
				return
			}
			for i := 0; i < n; {
				at := (got + i) % len(data)
				m := min(n-i, len(data)-at)
				if !bytes.Equal(p[i:i+m], data[at:at+m]) {
					t.Errorf("what arrives after byte %d is not what was sent", got+i)
					return
				}
				i += m
			}
			got += n
		}
	})
	wait(t, "the writer ends", writer)
}
