package peer

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
)

// The contents of values in these tests are pieces of one block, whose every word tells where
// it is. So a piece says itself what it must be, to the last byte: also to a handler, and also
// a part of it.

const (
	wordFactor  = 0x9e3779b97f4a7c15
	wordInverse = 0xf1de83e19937733d // of wordFactor, modulo 2^64
)

var block = func() []byte {
	b := make([]byte, 4<<20)
	for i := range len(b) / 8 {
		binary.LittleEndian.PutUint64(b[8*i:], uint64(i+1)*wordFactor)
	}
	return b
}()

// piece returns n bytes of the block, and does not copy them.
func piece(random *rand.Rand, n int) []byte {
	from := 8 * random.IntN((len(block)-n)/8+1)
	return block[from : from+n : from+n]
}

// checkPiece returns an error unless b is a piece of the block.
func checkPiece(b []byte) error {
	if len(b) < 8 {
		return nil
	}
	at := (binary.LittleEndian.Uint64(b)*wordInverse - 1) * 8
	if at > uint64(len(block)-len(b)) {
		return fmt.Errorf("%d bytes begin with % x, which is not of the block", len(b), b[:8])
	}
	if want := block[at:][:len(b)]; !bytes.Equal(b, want) {
		for i := range b {
			if b[i] != want[i] {
				return fmt.Errorf("%d bytes are torn from byte %d on", len(b), i)
			}
		}
	}
	return nil
}

// wholePiece checks the answer to in.
func wholePiece(in, out []byte) error {
	if len(out) != len(in) || !bytes.Equal(in, out) {
		return errors.Join(fmt.Errorf("the answer to %d bytes is another one, of %d bytes", len(in), len(out)), checkPiece(out))
	}
	return nil
}

// tornSizes lie around the sizes from which on values are dealt with in another way.
var tornSizes = []int{
	0, 8, 100, 1000, 4 << 10,
	copyLimit - 8, copyLimit, copyLimit + 8,
	16<<10 - 40, 16<<10 - 8, 16 << 10, 16<<10 + 8,
	64<<10 - 40, 64<<10 - 8, 64 << 10, 64<<10 + 8, 100 << 10,
	1 << 20, 1<<20 + 8,
}

// holder has handlers that hold their input while more frames arrive.
type holder struct {
	arrived atomic.Int64
	torn    atomic.Pointer[error]
}

func (h *holder) check(b []byte) {
	if err := checkPiece(b); err != nil {
		h.torn.CompareAndSwap(nil, &err)
	}
}

// hold waits until a few more inputs have arrived, but not for long.
func (h *holder) hold(b []byte, more int64) {
	h.check(b)
	seen := h.arrived.Add(1)
	for begun := time.Now(); h.arrived.Load() < seen+more && time.Since(begun) < 300*time.Microsecond; {
		runtime.Gosched()
	}
	h.check(b)
}

func (h *holder) handlers() exchange.Handlers {
	return exchange.Handlers{
		// echo answers with its input, at once.
		"echo": exchange.Func(func(_ context.Context, in []byte) ([]byte, error) { h.hold(in, 0); return in, nil }),
		// hold answers later.
		"hold": exchange.Func(func(_ context.Context, in []byte) ([]byte, error) { h.hold(in, 3); return in, nil }),
		// part answers with the second half of its input.
		"part": exchange.Func(func(_ context.Context, in []byte) ([]byte, error) {
			h.hold(in, 1)
			return in[len(in)/16*8:], nil
		}),
		// stream holds all that it receives until its end, and sends parts of it meanwhile.
		"stream": func(_ context.Context, r exchange.Request) error {
			var all [][]byte
			for {
				v, err := r.Recv()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return err
				}
				b, _ := v.Bin()
				h.hold(b, 0)
				all = append(all, b)
				half := all[len(all)/2]
				if err := r.Send(half[len(half)/16*8:]); err != nil {
					return err
				}
			}
			for _, b := range all {
				h.check(b)
			}
			return nil
		},
	}
}

// TestNothingIsTorn compares everything that arrives anywhere, to the last byte.
func TestNothingIsTorn(t *testing.T) {
	rounds := 60
	if raceEnabled || testing.Short() {
		rounds = 12
	}
	all := map[string]link{"direct": directly}
	for name, l := range links {
		all[name] = l
	}
	for name, l := range all {
		t.Run(name, func(t *testing.T) {
			random := newRandom(t)
			h := new(holder)
			s := setup{handlers: h.handlers()}
			parent, child := l.peers(t, s)
			var callers sync.WaitGroup
			for i := range 12 {
				random := rand.New(rand.NewPCG(random.Uint64(), 0))
				p := []*Peer{parent, parent, child}[i%3]
				callers.Go(func() {
					c := tornCaller{p: p, random: random, reused: make([]byte, 0, 1<<20)}
					for range rounds {
						if err := c.round(); err != nil {
							t.Errorf("the %v's caller %d: %v", p.side, i, err)
							return
						}
					}
					for _, b := range c.kept {
						if err := checkPiece(b); err != nil {
							t.Errorf("the %v's caller %d, a result of long ago: %v", p.side, i, err)
						}
					}
				})
			}
			callers.Wait()
			if err := h.torn.Load(); err != nil {
				t.Error("a handler: ", *err)
			}
			eventually(t, func() bool { return settled(parent) && settled(child) })
			checkIdle(t, parent)
			checkIdle(t, child)
		})
	}
}

type tornCaller struct {
	p      *Peer
	random *rand.Rand
	sent   []byte   // what is sent, which is written to as soon as the verb has returned
	reused []byte   // result buffer
	kept   [][]byte // results in memory of their own
}

func (c *tornCaller) round() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if c.random.IntN(4) == 0 {
		defer time.AfterFunc(time.Duration(c.random.IntN(500))*time.Microsecond, cancel).Stop()
	}
	err := c.call(ctx)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	return err
}

func (c *tornCaller) call(ctx context.Context) error {
	if c.random.IntN(6) == 0 {
		return c.stream(ctx)
	}
	in := piece(c.random, tornSizes[c.random.IntN(len(tornSizes))])
	sent := append(c.sent[:0], in...)
	c.sent = sent
	defer clear(sent)
	method := []string{"echo", "hold", "part"}[c.random.IntN(3)]
	want := in
	if method == "part" {
		want = in[len(in)/16*8:]
	}
	if c.random.IntN(2) == 0 {
		if err := c.p.Call(ctx, method, sent, &c.reused); err != nil {
			return err
		}
		return wholePiece(want, c.reused)
	}
	var out []byte
	if err := c.p.Call(ctx, method, sent, &out); err != nil {
		return err
	}
	if len(c.kept) < 20 {
		c.kept = append(c.kept, out)
	}
	return wholePiece(want, out)
}

func (c *tornCaller) stream(ctx context.Context) error {
	x, err := c.p.Open(ctx, "stream", exchange.None)
	if err != nil {
		return err
	}
	defer x.Close()
	values := make([][]byte, c.random.IntN(6))
	for i := range values {
		values[i] = piece(c.random, tornSizes[c.random.IntN(len(tornSizes))])
	}
	var sender sync.WaitGroup
	defer sender.Wait()
	defer x.Close()
	sender.Go(func() {
		for _, v := range values {
			c.sent = append(c.sent[:0], v...)
			err := x.Send(c.sent)
			clear(c.sent)
			if err != nil {
				return
			}
		}
		x.CloseSend()
	})
	var kept [][]byte
	for v, err := range exchange.Values[[]byte](x) {
		if err != nil {
			return err
		}
		half := values[(len(kept)+1)/2]
		if err := wholePiece(half[len(half)/16*8:], v); err != nil {
			return err
		}
		kept = append(kept, v)
	}
	if len(kept) != len(values) {
		return fmt.Errorf("%d of %d values come back", len(kept), len(values))
	}
	for _, v := range kept {
		if err := checkPiece(v); err != nil {
			return fmt.Errorf("a value received before: %w", err)
		}
	}
	return nil
}
