//go:build unix

package parent

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// Links and pipes that are full: nobody waits for ever, and the host does not grow.

func init() {
	// writes first reads no further byte until its answer is written, as simple workers do.
	programs["writes first"] = func([]string) {
		c := raw(wire.Initialized{Version: 1})
		for {
			in, err := next(c, wire.TypeInput).Input()
			if err != nil {
				panic(err)
			}
			v, ok := in.Payload.Bin()
			if !ok {
				panic("no bytes")
			}
			writeAll(c, answer(in.ID, v).Append(nil))
		}
	}
	// spams answers each call behind 100,000 small frames that mean nothing.
	programs["spams"] = func([]string) {
		c := raw(all)
		var frames []byte
		for i := range uint64(1000) {
			frames = wire.Pong{Seq: 1<<40 + i}.Append(frames)
			frames = wire.AppendGrease(frames, i)
			frames = wire.Credit{ID: 1<<40 + 1 + 2*i, Bytes: 1}.Append(frames)
			frames = wire.Log{Level: wire.LevelDebug, Message: "spam"}.Append(frames)
		}
		for {
			id := first(c)
			for range 25 {
				writeAll(c, frames)
			}
			writeAll(c, answer(id, nil).Append(nil))
		}
	}
	// noisy has a method that writes so many bytes without a newline to standard error.
	programs["noisy"] = func([]string) {
		w := worker()
		w.Handlers["noise"] = child.Func(func(_ context.Context, n int) (any, error) {
			block := bytes.Repeat([]byte("no newline\x00\xff\x1b[31m "), 4096)
			for n > 0 {
				wrote, err := os.Stderr.Write(block[:min(n, len(block))])
				if err != nil {
					return nil, err
				}
				n -= wrote
			}
			return nil, nil
		})
		w.Main()
	}
}

// heap returns how much memory the host uses.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Both sides have megabytes to write, and the worker reads only after it has written.
func TestBothLinksAreFull(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("writes first")
		spec.Transport = link
		w := start(t, spec)
		var calls sync.WaitGroup
		for i := range 24 {
			calls.Go(func() {
				in, out := bytes.Repeat([]byte{byte(i)}, 1<<20), []byte(nil)
				if err := w.Call(t.Context(), "", in, &out); err != nil || !bytes.Equal(in, out) {
					t.Errorf("%d bytes, %v", len(out), err)
				}
			})
		}
		all := make(chan struct{})
		go func() { calls.Wait(); close(all) }()
		await(t, "all answers", all)
	})
}

// Of a stream that nobody takes from, a window lies in the host and no more; the worker waits,
// and pings and calls pass. Then the stream goes on.
func TestSlowConsumerOfWorker(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		spec.Health = Health{Interval: 10 * time.Millisecond, Timeout: 20 * time.Second}
		w := start(t, spec)
		before := heap()
		const size, streams = 16 << 10, 4
		for range streams {
			x, err := w.Open(t.Context(), "chunks", size)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			for received := range 400 { // 6 MiB of each
				if received%100 == 0 {
					pings := w.health.answers()
					eventually(t, "pings are answered", func() bool { return w.health.answers() > pings+5 })
					if err := w.Call(t.Context(), "", received, nil); err != nil {
						t.Fatal(err)
					}
					if grown := heap() - before; grown > 32<<20 {
						t.Fatalf("the host has grown by %d bytes", grown)
					}
				}
				if v, err := x.Recv(); err != nil || len(v) < size {
					t.Fatal(len(v), err)
				}
			}
		}
	})
}

// answers counts the pings that were answered.
func (h *health) answers() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seq - uint64(len(h.open))
}

// A flood of small frames costs the host nothing that stays, and hides no answer.
func TestSpam(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("spams")
		spec.Transport = link
		w := start(t, spec)
		before := heap()
		for range 2 {
			if err := w.Call(t.Context(), "", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		if grown := heap() - before; grown > 4<<20 {
			t.Errorf("the host has grown by %d bytes", grown)
		}
		if n := w.peer.Ignored(); n < 2*25*1000 {
			t.Errorf("%d messages are counted as ignored", n)
		}
	})
}

// A line that never ends, of bytes of all kinds, neither fills the host's memory nor holds up
// the worker's answers; both ends of it are accounted for.
func TestStderrFlood(t *testing.T) {
	const size = 48 << 20
	spec := program("noisy")
	w := start(t, spec)
	before := heap()
	noise := make(chan error, 1)
	go func() { noise <- w.Call(t.Context(), "noise", size, nil) }()
	for done := false; !done; {
		select {
		case err := <-noise:
			if err != nil {
				t.Error(err)
			}
			done = true
		default:
		}
		if err := w.Call(t.Context(), "", 1, nil); err != nil {
			t.Fatal(err)
		}
		if grown := heap() - before; grown > 32<<20 {
			t.Fatalf("the host has grown by %d bytes", grown)
		}
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	exit := w.Exit()
	if got := int64(len(exit.Stderr.Tail)) + exit.Stderr.Cut; got != size || len(exit.Stderr.Tail) > 64<<10 {
		t.Errorf("%d bytes of %d, of which %d are kept", got, size, len(exit.Stderr.Tail))
	}
	if words := fmt.Sprintf("%q", exit.LastWords()); !strings.Contains(words, "no newline") {
		t.Errorf("last words %.80s", words)
	}
}
