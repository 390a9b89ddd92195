//go:build unix

package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// chaos returns a command of which nobody knows what it will do, and what to do at its end.
func chaos(t *testing.T, random *rand.Rand, r *Registry) (c Command, cleanUp func()) {
	scripts := []string{
		"exit 3",
		"cat",
		"cat >/dev/null; seq 100000",
		"seq 100000 >&2",
		"while :; do echo y; done",
		"while :; do printf 0123456789; done",
		"trap '' TERM; sleep 1000",
		"sleep 1000 & exec sleep 1000",
		"kill -STOP $$",
		"kill -SEGV $$",
		"exec >&- 2>&- <&-; sleep 1000",
		"sleep 1000 & exit 0",
	}
	c = Command{
		Args:     []string{"sh", "-c", scripts[random.Intn(len(scripts))]},
		WhenSlow: WhenSlow(random.Intn(2)),
		Scope:    Scope(random.Intn(2)),
		Stop:     Ladder{Term: time.Duration(random.Intn(20)-2) * time.Millisecond},
		Drain:    time.Duration(1+random.Intn(50)) * time.Millisecond,
		MaxLine:  random.Intn(1000),
		Registry: r,
	}
	release := make(chan struct{})
	cleanUp = func() { close(release) }
	waits := func() {
		switch random := rand.Intn(100); {
		case random == 0:
			<-release
		case random < 20:
			time.Sleep(time.Millisecond)
		}
	}
	switch random.Intn(3) {
	case 0:
		c.OnLine = func(Line) { waits() }
	case 1:
		c.OnChunk = func(Chunk) { waits() }
	}
	switch random.Intn(4) {
	case 0:
		c.Input = bytes.NewReader(make([]byte, 1<<20))
	case 1:
		r, w := io.Pipe()
		c.Input = r
		cleanUp = func() { close(release); w.Close() }
	}
	switch random.Intn(4) {
	case 0:
		c.Limits.Output = int64(random.Intn(100_000))
	case 1:
		c.Limits.Silence = time.Duration(random.Intn(100)) * time.Millisecond
	case 2:
		c.Limits.Total = time.Duration(random.Intn(100)) * time.Millisecond
	}
	return c, cleanUp
}

// Whatever commands and callers do, every Run returns, and nothing is left.
func TestChaos(t *testing.T) {
	rounds := 40
	switch {
	case os.Getenv("KINWIRE_SOAK") != "":
		rounds = 2000
	case testing.Short():
		rounds = 10
	}
	run(t, Command{Args: []string{"true"}})
	descriptors, goroutines := openDescriptors(t), runtime.NumGoroutine()
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	var r Registry
	var runners sync.WaitGroup
	for i := range int64(4) {
		runners.Go(func() {
			random := rand.New(rand.NewSource(seed + i))
			for range rounds {
				chaosRound(t, random, &r)
			}
		})
	}
	runners.Wait()
	if left := names(&r); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	eventually(t, "all descriptors are closed", func() bool { return openDescriptors(t) <= descriptors })
	eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// chaosRound runs one command, and disturbs it.
func chaosRound(t *testing.T, random *rand.Rand, r *Registry) {
	c, cleanUp := chaos(t, random, r)
	defer cleanUp()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.Intn(200))*time.Millisecond)
	defer cancel()
	signals := []syscall.Signal{syscall.SIGSTOP, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGCONT}
	disturb := time.AfterFunc(time.Duration(random.Intn(100))*time.Millisecond, func() {
		for _, each := range r.List() {
			each.Process.Signal(signals[rand.Intn(len(signals))])
		}
	})
	defer disturb.Stop()
	over := make(chan struct{})
	go func() {
		defer close(over)
		e, err := Run(ctx, c)
		var startErr *StartError
		switch {
		case err == nil && e == nil, e != nil && e.State == Unknown:
			t.Errorf("%v, %v", e, err)
		case err == nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &startErr):
		default:
			t.Error(err)
		}
	}()
	select {
	case <-over:
	case <-time.After(patience):
		t.Errorf("Run does not return: %+v", c)
	}
}
