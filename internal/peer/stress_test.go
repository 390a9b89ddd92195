package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// newRandom returns a source whose seed is logged, or that of KINWIRE_SEED.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv("KINWIRE_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("KINWIRE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestStress lets both sides do everything at once, over every link and on 1, 2 and 8
// processors. KINWIRE_SOAK=1 makes it long.
func TestStress(t *testing.T) {
	rounds, operations := 2, 250
	if os.Getenv("KINWIRE_SOAK") == "1" {
		rounds, operations = 20, 2000
	}
	for _, procs := range []int{1, 2, 8} {
		for name, l := range links {
			t.Run(fmt.Sprintf("%s/%d", name, procs), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				random := newRandom(t)
				for round := range rounds {
					t.Run("", func(t *testing.T) { stress(t, l, random, operations, round%2 == 1) })
				}
			})
		}
	}
}

// stress makes one link and uses it up. A link that is cut ends at a random time.
func stress(t *testing.T, l link, random *rand.Rand, operations int, cut bool) {
	terms := func() Terms {
		return Terms{Window: []int{1, 1000, 64 << 10, 1 << 20}[random.IntN(4)], Concurrency: 1 + random.IntN(30)}
	}
	ofParent, ofChild := terms(), terms()
	features := []wire.Feature{wire.FeatureHostCall, wire.FeatureCancel}
	if random.IntN(4) > 0 {
		features = append(features, wire.FeatureCredit)
	}
	handlers := exchange.Handlers{
		"func": standard["func"], "echo": standard["echo"], "count": standard["count"], "hang": standard["hang"],
		"panic": func(context.Context, exchange.Request) error { panic("at the disco") },
		"back": func(ctx context.Context, r exchange.Request) error { // asks the one who asks
			out, err := exchange.Call[[]byte](ctx, self(ctx), "func", pattern(3000, 1))
			if err != nil {
				return err
			}
			return r.Reply(out)
		},
	}
	parent, child := l.peersWith(t,
		setup{ours: ofParent, theirs: ofChild, handlers: handlers, features: features},
		setup{ours: ofChild, theirs: ofParent, handlers: handlers, features: features})

	var all sync.WaitGroup
	slots := make(chan struct{}, 60)
	mayFail := func(err error) bool {
		var lost *LostError
		var said *wire.Error
		switch {
		case errors.As(err, &lost):
			return cut
		case errors.As(err, &said):
			// A host call in a call may find no place, and a loss in it is a failure.
			return said.Code == wire.CodeCanceled || said.Code == wire.CodeFailed || said.Code == wire.CodeOverloaded
		}
		return false
	}
	for range operations {
		seed := random.Uint64()
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			o := operation{p: []*Peer{parent, child}[seed%2], random: rand.New(rand.NewPCG(seed, 1))}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if o.random.IntN(3) == 0 {
				defer time.AfterFunc(time.Duration(o.random.IntN(2000))*time.Microsecond, cancel).Stop()
			}
			if err := o.run(ctx); err != nil && !errors.Is(err, context.Canceled) && !mayFail(err) {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
	if cut {
		time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
		[]*Peer{parent, child}[random.IntN(2)].Close()
	}
	all.Wait()
	if cut {
		<-parent.Finished()
		<-child.Finished()
		return
	}
	eventually(t, func() bool { return settled(parent) && settled(child) })
	checkIdle(t, parent)
	checkIdle(t, child)
}

// operation is one thing that somebody does with a link.
type operation struct {
	p      *Peer
	random *rand.Rand
}

func (o operation) run(ctx context.Context) error {
	switch o.random.IntN(6) {
	case 0:
		return o.stream(ctx)
	case 1:
		return o.duplex(ctx)
	case 2:
		return o.abandon(ctx)
	case 3:
		out, err := exchange.Call[[]byte](ctx, o.p, "back", nil)
		if err == nil && !bytes.Equal(out, pattern(3000, 1)) {
			return errors.New("a nested answer is torn")
		}
		return err
	case 4:
		err := o.p.Call(ctx, "panic", 1, nil)
		var said *wire.Error
		if errors.As(err, &said) && said.Code == wire.CodePanicked {
			return nil
		}
		return err
	}
	in := o.value()
	out, err := exchange.Call[[]byte](ctx, o.p, "func", in)
	if err == nil && !bytes.Equal(in, out) {
		return fmt.Errorf("an answer of %d bytes is torn: %d bytes", len(in), len(out))
	}
	return err
}

func (o operation) value() []byte {
	size := []int{0, 1, 100, 5000, 20_000, 100_000}[o.random.IntN(6)]
	return pattern(size, byte(o.random.Uint32()))
}

// stream sends many values and has them counted.
func (o operation) stream(ctx context.Context) error {
	x, err := o.p.Open(ctx, "count", exchange.None)
	if err != nil {
		return err
	}
	defer x.Close()
	n := 0
	for range o.random.IntN(10) {
		v := o.value()
		if err := x.Send(v); err != nil && err != io.EOF {
			return err
		}
		n += len(v)
	}
	if err := x.CloseSend(); err != nil && err != io.EOF {
		return err
	}
	var got int
	v, err := x.Recv()
	if err != nil {
		return err
	}
	if err := v.Decode(&got); err != nil || got != n {
		return fmt.Errorf("%d bytes are counted as %d, %v", n, got, err)
	}
	if _, err := x.Recv(); err != io.EOF {
		return err
	}
	return nil
}

// duplex sends and receives at the same time.
func (o operation) duplex(ctx context.Context) error {
	x, err := o.p.Open(ctx, "echo", exchange.None)
	if err != nil {
		return err
	}
	defer x.Close()
	var values [][]byte
	for range o.random.IntN(10) {
		values = append(values, o.value())
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for _, v := range values {
			if x.Send(v) != nil {
				return
			}
		}
		x.CloseSend()
	}()
	defer func() { <-sent }()
	defer x.Close()
	i := 0
	for v, err := range exchange.Values[[]byte](x) {
		if err != nil {
			return err
		}
		if i == len(values) || !bytes.Equal(v, values[i]) {
			return fmt.Errorf("value %d of %d comes back torn", i, len(values))
		}
		i++
	}
	if i != len(values) {
		return fmt.Errorf("%d of %d values come back", i, len(values))
	}
	return nil
}

// abandon opens an exchange and leaves it.
func (o operation) abandon(ctx context.Context) error {
	x, err := o.p.Open(ctx, []string{"hang", "echo"}[o.random.IntN(2)], o.value())
	if err != nil {
		return err
	}
	defer x.Close()
	// Nobody receives, so that this may wait for ever.
	defer time.AfterFunc(time.Duration(o.random.IntN(1000))*time.Microsecond, x.Close).Stop()
	for range o.random.IntN(3) {
		if x.Send(o.value()) != nil {
			break
		}
	}
	return nil
}
