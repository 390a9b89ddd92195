package transport_test

import (
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/transporttest"
)

func TestPair(t *testing.T) {
	transporttest.TestConn(t, func() (transport.Conn, transport.Conn, func()) {
		a, b := transport.Pair()
		return a, b, nil
	})
}

func TestPairHolds64KiBEachWay(t *testing.T) {
	a, b := transport.Pair()
	for _, c := range []transport.Conn{a, b} {
		bufs := [][]byte{make([]byte, 60<<10), make([]byte, 60<<10)}
		if n, err := c.TryWrite(bufs); n != 64<<10 || err != nil {
			t.Errorf("TryWrite of 120 KiB: %d, %v; want 64 KiB", n, err)
		}
		if n, err := c.TryWrite(bufs); n != 0 || err != nil {
			t.Errorf("TryWrite to a full link: %d, %v; want 0", n, err)
		}
	}
}

// While both sides wait, time passes in a bubble; that is what durable means.
func TestPairWaitsDurably(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transport.Pair()
		a.TryWrite([][]byte{make([]byte, 64<<10)})
		results := make(chan error, 2)
		go func() { results <- a.WaitWritable() }()
		go func() {
			_, err := a.Read(make([]byte, 1))
			results <- err
		}()
		time.Sleep(time.Hour)
		b.Close()
		for range 2 {
			if err := <-results; err != nil && err != io.EOF {
				t.Errorf("after the other side's Close: %v", err)
			}
		}
	})
}

func TestPairWriteToClosedEnd(t *testing.T) {
	a, b := transport.Pair()
	a.TryWrite([][]byte{[]byte("unread")})
	b.Close()
	if _, err := a.TryWrite([][]byte{{1}}); err != io.ErrClosedPipe {
		t.Errorf("writing to a closed end: %v; want io.ErrClosedPipe", err)
	}
	a.Close()
	if _, err := a.TryWrite([][]byte{{1}}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("writing after both have closed: %v; want os.ErrClosed", err)
	}
}

func TestPairAllocatesNothing(t *testing.T) {
	a, b := transport.Pair()
	bufs := [][]byte{make([]byte, 64), make([]byte, 1000)}
	p := make([]byte, 2000)
	if n := testing.AllocsPerRun(100, func() {
		a.TryWrite(bufs)
		a.WaitWritable()
		b.Read(p)
	}); n != 0 {
		t.Errorf("a write and a read allocate %v times", n)
	}
}
