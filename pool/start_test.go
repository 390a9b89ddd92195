//go:build unix

package pool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// TestStartFails starts pools that there can't be: the error comes soon, after few starts,
// and has the last words.
func TestStartFails(t *testing.T) {
	silent := program("silent")
	silent.StartTimeout = 200 * time.Millisecond
	for _, test := range []struct {
		name   string
		worker parent.Spec
		says   string
		starts int
	}{
		{"dies at once", program("words"), "no such table: users", hopeless + 2},
		{"dies when it is ready", program("brief"), "out of cheese", 2*hopeless + 2},
		{"is silent", silent, "no handshake within", 2},
		{"is not there", parent.Spec{Command: []string{"/nosuch"}}, "no such file", 2},
		{"is no worker", parent.Spec{Command: []string{"cat"}}, "", 2 * hopeless},
	} {
		if test.name == "is no worker" {
			test.worker.Command = []string{"sh", "-c", "echo not for you; exit 1"}
			test.says = "not for you"
		}
		t.Run(test.name, func(t *testing.T) {
			events := make(chan Event, 10_000)
			spec := Spec{Worker: test.worker, Size: Size{Min: 2}, Starting: 2, OnEvent: func(e Event) { events <- e }}
			if test.name == "dies when it is ready" {
				spec.Size.Min = 60 // which are never there at the same time
				spec.Starting = 2
			}
			p, err := Start(t.Context(), spec)
			if err == nil {
				p.Shutdown(t.Context())
				t.Fatal("it has started")
			}
			var start *parent.StartError
			var exit *process.ExitError
			if !errors.As(err, &start) && !errors.As(err, &exit) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
			starts := 0
			for range len(events) {
				if e := <-events; e.Kind == StartFailed || e.Kind == Ready {
					starts++
				}
			}
			if test.name != "dies when it is ready" && starts > test.starts {
				t.Errorf("%d starts", starts)
			}
		})
	}
}

func TestStartIsCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, Spec{Worker: program("silent"), Size: Size{Min: 2}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestStartsAreBounded starts many workers, of which no more than two at a time may start.
func TestStartsAreBounded(t *testing.T) {
	p := start(t, Spec{Worker: program("careful", "1", t.TempDir()), Size: Size{Min: 6}, Starting: 2})
	if s := p.Stats(); s.Starts != 6 || s.StartsFailed != 0 {
		t.Errorf("%+v", s)
	}
}

// TestDown kills the only worker of a pool, which can't get another one: calls fail soon
// and say why, until there is one again.
func TestDown(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	touch := func() {
		if err := os.WriteFile(token, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	touch()
	p := start(t, Spec{Worker: program("token", "1", token), Size: Size{Min: 1}, Restart: Restart{Min: time.Millisecond, Max: 50 * time.Millisecond, Failures: -1}})
	var exit *process.ExitError
	if err := p.Call(t.Context(), "exit", 6, nil); !errors.As(err, &exit) || exit.Exit.Code != 6 {
		t.Error(err)
	}
	err := p.Call(t.Context(), "", 1, nil) // which waits, and is told
	wantCode(t, err, wire.CodeOverloaded)
	var failed *parent.StartError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "there is no token") {
		t.Error(err)
	}
	wantCode(t, p.Call(t.Context(), "", 1, nil), wire.CodeOverloaded)
	touch()
	eventually(t, "the pool is back", func() bool { return p.Call(t.Context(), "", 1, nil) == nil })
}

// TestCrashLoop has a worker that dies as soon as it is ready: few are started, and the
// state tells.
func TestCrashLoop(t *testing.T) {
	p, err := Start(t.Context(), Spec{Worker: program("brief", "1"), Size: Size{Min: -1, Max: 1}, Restart: Restart{Min: time.Millisecond, Max: 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Shutdown(t.Context())
	p.Call(t.Context(), "wait", nil, nil)
	eventually(t, "the breaker is open", func() bool { return len(p.Slots()) == 1 && p.Slots()[0].State == SlotBroken })
	s := p.Slots()[0]
	if !s.BreakerOpen || s.RetryAt.Before(time.Now().Add(10*time.Second)) || s.LastError == nil || s.Starts != 5 {
		t.Errorf("%+v", s)
	}
	err = p.Call(t.Context(), "", 1, nil)
	wantCode(t, err, wire.CodeOverloaded)
	if !strings.Contains(err.Error(), "out of cheese") {
		t.Error(err)
	}
}
