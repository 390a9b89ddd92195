package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
	rounds, cuts, operations := 1, 3, 2500
	switch {
	case os.Getenv("KINWIRE_SOAK") == "1":
		rounds, cuts, operations = 4, 100, 10_000
	case raceEnabled || testing.Short():
		rounds, cuts, operations = 1, 1, 300
	}
	for _, procs := range []int{1, 2, 8} {
		for name, l := range everyLink() {
			t.Run(fmt.Sprintf("%s/%d", name, procs), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				random := newRandom(t)
				for range rounds {
					t.Run("whole", func(t *testing.T) { stress(t, l, random, operations, false) })
				}
				for range cuts {
					t.Run("cut", func(t *testing.T) { stress(t, l, random, min(operations, 300), true) })
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
	h := new(holder)
	handlers := h.handlers()
	for _, name := range []string{"func", "count", "hang"} {
		handlers[name] = standard[name]
	}
	maps.Copy(handlers, ill)
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
			return said.Code == wire.CodeCanceled || said.Code == wire.CodeFailed || said.Code == wire.CodeOverloaded ||
				said.Code == wire.CodeDeadlineExceeded
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
			switch o.random.IntN(6) {
			case 0, 1:
				defer time.AfterFunc(time.Duration(o.random.IntN(2000))*time.Microsecond, cancel).Stop()
			case 2:
				ctx, cancel = context.WithTimeout(ctx, time.Duration(100+o.random.IntN(20_000))*time.Microsecond)
				defer cancel()
			}
			err := o.run(ctx)
			if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !mayFail(err) {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
	if cut {
		time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
		[]*Peer{parent, child}[random.IntN(2)].Close()
	}
	within(t, 5*time.Minute, []*Peer{parent, child}, all.Wait)
	if err := h.torn.Load(); err != nil {
		t.Error("a handler: ", *err)
	}
	if cut {
		<-parent.Finished()
		<-child.Finished()
		return
	}
	eventually(t, func() bool { return atRest(parent) && atRest(child) })
	checkIdle(t, parent)
	checkIdle(t, child)
}

// atRest reports whether a peer does nothing but wait for the other side.
func atRest(p *Peer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.table) == 0 && p.running.n == 0 && p.followers.first == nil && !p.promised &&
		p.role == roleTaken && p.tasks == 1 && p.placed.x == nil && p.placed.buffer == nil &&
		p.out.nothingLocked() && !p.out.full && !p.out.attended && p.out.queued == 0 && p.out.owed == 0 && len(p.out.room) == 0
}

// ill are handlers that are not well.
var ill = exchange.Handlers{
	"panic": func(context.Context, exchange.Request) error { panic("at the disco") },
	// goexit ends its goroutine, at once or after a while.
	"goexit": func(_ context.Context, r exchange.Request) error {
		if d := duration(r); d < 2*time.Millisecond {
			time.Sleep(d)
		}
		runtime.Goexit()
		return nil
	},
	// slow takes its time, if it is told to.
	"slow": func(ctx context.Context, r exchange.Request) error {
		d := duration(r)
		if d > 0 {
			time.Sleep(d)
		}
		return r.Reply(d)
	},
	// back asks the one who asks, with what it was asked.
	"back": func(ctx context.Context, r exchange.Request) error {
		v, err := r.Recv()
		if err != nil {
			return err
		}
		in, _ := v.Bin()
		out, err := exchange.Call[[]byte](ctx, self(ctx), "echo", in)
		if err != nil {
			return err
		}
		return r.Reply(out)
	},
	// deaf receives nothing, and sends until it must stop.
	"deaf": func(_ context.Context, r exchange.Request) error {
		for {
			if err := r.Send(block[:5000]); err != nil {
				return err
			}
		}
	},
	// stall receives and sends, with long pauses.
	"stall": func(_ context.Context, r exchange.Request) error {
		for i := 0; ; i++ {
			v, err := r.Recv()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if i%5 == 3 {
				time.Sleep(time.Millisecond)
			}
			if err := r.Send(v); err != nil {
				return err
			}
		}
	},
}

// duration is what a request has for its value.
func duration(r exchange.Request) (d time.Duration) {
	if v, err := r.Recv(); err == nil {
		_ = v.Decode(&d)
	}
	return d
}

// operation is one thing that somebody does with a link.
type operation struct {
	p      *Peer
	random *rand.Rand
}

func (o operation) run(ctx context.Context) error {
	switch o.random.IntN(10) {
	case 0:
		return o.stream(ctx)
	case 1:
		return o.duplex(ctx)
	case 2:
		return o.abandon(ctx)
	case 3:
		in := o.value()
		out, err := exchange.Call[[]byte](ctx, o.p, "back", in)
		if err == nil {
			err = wholePiece(in, out)
		}
		return err
	case 4:
		method := []string{"panic", "goexit"}[o.random.IntN(2)]
		err := o.p.Call(ctx, method, o.duration(), nil)
		var said *wire.Error
		if errors.As(err, &said) && said.Code == wire.CodePanicked {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%s succeeds", method)
		}
		return err
	case 5:
		d := o.duration()
		got, err := exchange.Call[time.Duration](ctx, o.p, "slow", d)
		if err == nil && got != d {
			err = fmt.Errorf("the answer to %v is %v", d, got)
		}
		return err
	}
	return o.call(ctx)
}

// call makes a call, and writes to its memory as soon as it has ended.
func (o operation) call(ctx context.Context) error {
	in, want := o.value(), o.random.IntN(2)
	var out, reused []byte
	if want == 1 {
		reused = make([]byte, []int{100, 20_000, 1 << 20}[o.random.IntN(3)])
		out = reused[:0]
	}
	err := o.p.Call(ctx, []string{"func", "echo", "hold"}[o.random.IntN(3)], in, &out)
	if err == nil {
		err = wholePiece(in, out)
	}
	fillCanary(reused)
	for range o.random.IntN(3) {
		runtime.Gosched()
	}
	if !allCanary(reused) {
		return fmt.Errorf("a result is written to after the end of its call (%v)", err)
	}
	return err
}

func (o operation) value() []byte {
	size := []int{0, 8, 104, 5000, copyLimit, 20_000, 100_000}[o.random.IntN(7)]
	switch o.random.IntN(60) {
	case 0:
		size = 1 << 20
	case 1:
		size = 8 * o.random.IntN(2<<20/8)
	}
	return piece(o.random, size)
}

// duration is mostly none.
func (o operation) duration() time.Duration {
	if o.random.IntN(3) > 0 {
		return 0
	}
	return time.Duration(o.random.IntN(5000)) * time.Microsecond
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
	x, err := o.p.Open(ctx, "stall", exchange.None)
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
		if i == len(values) || wholePiece(values[i], v) != nil {
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
	x, err := o.p.Open(ctx, []string{"hang", "stream", "stall", "deaf"}[o.random.IntN(4)], o.value())
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
