//go:build unix

package pool

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// TestShutdownDrains lets the calls end that workers have, and refuses all others.
func TestShutdownDrains(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 2, Spares: 1}})
	results := make(chan error)
	for range 2 {
		go func() { results <- p.Call(t.Context(), "sleep", 500, nil) }()
	}
	eventually(t, "both are on their way", func() bool { return p.Stats().InFlight == 2 })
	waits := make(chan error)
	go func() { waits <- p.Call(t.Context(), "", 1, nil) }()
	go func() { _, err := p.Checkout(t.Context()); waits <- err }()
	eventually(t, "two wait", func() bool { return p.Stats().Waiting == 2 })
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := received(t, "a call", results); err != nil {
			t.Error(err)
		}
		wantCode(t, received(t, "a call that has waited", waits), wire.CodeShuttingDown)
	}
	wantOver(t, p)
}

// TestShutdownIsCutShort kills workers that have too much to do.
func TestShutdownIsCutShort(t *testing.T) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 2}})
	result := make(chan error)
	go func() { result <- p.Call(t.Context(), "stubborn", 600_000, nil) }()
	eventually(t, "it is on its way", func() bool { return p.Stats().InFlight == 1 })
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the lights go out"))
	defer cancel()
	err := p.Shutdown(ctx)
	var exit *process.ExitError
	if !errors.As(err, &exit) || !strings.Contains(err.Error(), "the lights go out") {
		t.Error(err)
	}
	if err := received(t, "the call", result); !errors.As(err, &exit) || !exit.Exit.KilledByHost() {
		t.Error(err)
	}
}

// TestShutdownAnytime ends pools while everything else happens to them.
func TestShutdownAnytime(t *testing.T) {
	for i := range 8 {
		p := start(t, Spec{
			Worker: program("worker", "1"), Size: Size{Min: 1, Max: 3, Spares: 1},
			Recycle: Recycle{Uses: 2}, Restart: Restart{Min: -1},
		})
		watchSums(t, p)
		var all sync.WaitGroup
		for j := range 8 {
			all.Go(func() {
				var err error
				for err == nil {
					switch j {
					case 0:
						err = p.Reload(context.Background(), program("worker", "1"))
					case 1:
						var s *Session
						if s, err = p.Checkout(context.Background()); err == nil {
							s.Call(context.Background(), "", 1, nil)
							s.Discard()
						}
					case 2:
						if p.Call(context.Background(), "exit", 1, nil); p.Stats().Workers == 0 {
							time.Sleep(time.Millisecond)
						}
						err = p.Sticky("k").Call(context.Background(), "", 1, nil)
					default:
						_, err = p.Open(context.Background(), "sleep", 1)
					}
					var exit *process.ExitError
					if errors.As(err, &exit) || err != nil && strings.Contains(err.Error(), wire.CodeOverloaded) {
						err = nil
					}
				}
				if !errors.Is(err, wire.ErrNotSent) {
					t.Errorf("%d: %v", j, err)
				}
			})
		}
		time.Sleep(time.Duration(i) * 40 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		p.Shutdown(ctx)
		cancel()
		wantOver(t, p)
		ended := make(chan struct{})
		go func() { all.Wait(); close(ended) }()
		received(t, "the end of all callers", ended)
	}
}

// TestSlowOnEvent has an OnEvent that takes its time: nobody waits for it, and it is told
// how many it has missed.
func TestSlowOnEvent(t *testing.T) {
	release := make(chan struct{})
	var missed int
	var last Event
	p := newPool(Spec{OnEvent: func(e Event) { <-release; missed += e.Missed; last = e }})
	for i := range maxEvents + 10 {
		p.tellLocked(Event{Slot: i})
	}
	close(release)
	eventually(t, "there is room", func() bool { return len(p.events.queue) < maxEvents })
	p.tellLocked(Event{Slot: -7})
	p.events.close()
	if missed < 8 || last.Slot != -7 || last.Time.IsZero() {
		t.Errorf("%d missed; the last one is %+v", missed, last)
	}
}
