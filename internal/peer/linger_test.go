package peer

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/kinwire/kinwire/exchange"
)

// lingerer counts what Linger tells.
type lingerer struct {
	mu      sync.Mutex
	open    int
	givenUp int
	ends    []error
}

func (l *lingerer) tell(open, givenUp int, end error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open += open
	l.givenUp += givenUp
	if open < 0 {
		l.ends = append(l.ends, end)
	}
}

func (l *lingerer) now() (open, ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, len(l.ends)
}

func (l *lingerer) deserted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.givenUp
}

func (l *lingerer) last() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ends[len(l.ends)-1]
}

// TestLinger holds that exchanges are told of for as long as they keep their place and no
// Call waits for them.
func TestLinger(t *testing.T) {
	release := make(chan struct{})
	handlers := exchange.Handlers{
		"":     exchange.Func(func(_ context.Context, v any) (any, error) { return v, nil }),
		"fail": exchange.Func(func(context.Context, any) (any, error) { return nil, errors.New("no luck") }),
		"hold": exchange.Func(func(context.Context, any) (any, error) { <-release; return nil, nil }),
	}
	overLinks(t, setup{handlers: handlers}, func(t *testing.T, parent, child *Peer) {
		var l lingerer
		parent.Linger(l.tell)
		want := func(why string, open, ended int) {
			t.Helper()
			t.Log(why)
			eventually(t, func() bool { o, e := l.now(); return o == open && e == ended })
		}
		if err := parent.Call(t.Context(), "", 1, nil); err != nil {
			t.Fatal(err)
		}
		want("a call tells nothing", 0, 0)

		x, err := parent.Open(t.Context(), "", exchange.Last{Value: 1})
		if err != nil {
			t.Fatal(err)
		}
		want("an exchange that nobody receives ends", 0, 1)
		if l.last() != io.EOF {
			t.Error(l.last())
		}
		x.Close()
		if _, err = parent.Open(t.Context(), "fail", exchange.Last{Value: 1}); err != nil {
			t.Fatal(err)
		}
		want("another one fails", 0, 2)
		if err := l.last(); err == nil || err == io.EOF {
			t.Error(err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() { failed <- parent.Call(ctx, "hold", 1, nil) }()
		eventually(t, func() bool { return child.InFlight() == 1 })
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		want("a call that was given up goes on", 1, 2)
		if n := l.deserted(); n != 1 {
			t.Errorf("nobody waits for %d", n)
		}
		release <- struct{}{}
		want("it ends", 0, 3)
		if n := l.deserted(); n != 0 {
			t.Errorf("nobody waits for %d", n)
		}
		if l.last() != nil {
			t.Error(l.last())
		}

		if x, err = parent.Open(t.Context(), "hold", exchange.Last{Value: 1}); err != nil {
			t.Fatal(err)
		}
		want("an exchange is open", 1, 3)
		if n := l.deserted(); n != 0 {
			t.Errorf("nobody waits for %d", n)
		}
		x.Close()
		want("it keeps its place", 1, 3)
		if n := l.deserted(); n != 1 {
			t.Errorf("nobody waits for %d", n)
		}
		parent.Close()
		want("the link ends, and with it all", 0, 4)
		if n := l.deserted(); n != 0 {
			t.Errorf("nobody waits for %d", n)
		}
		if lost := new(LostError); !errors.As(l.last(), &lost) {
			t.Error(l.last())
		}
		release <- struct{}{}
	})
}
