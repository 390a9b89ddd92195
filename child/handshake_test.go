package child_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/internal/version"
	"github.com/kinwire/kinwire/wire"
)

// The handshake, and all the ways in which it fails.

func TestInitialized(t *testing.T) {
	w := &child.Worker{Name: "n", Build: "b", Handlers: child.Handlers{"m": one}, Concurrency: 7, MaxFrame: 5000, Window: 1000}
	converse(t, w, func(c *talk) {
		c.send("a host with one feature that nobody knows", wire.Initialize{Versions: []int{3, 1}, Features: []string{"credit", "teleport"}})
		c.wantFrame("the worker says who it is", wire.Initialized{
			Version: 1, Name: "n", Build: "b", SDK: version.SDK, PID: os.Getpid(), Methods: []string{"m"},
			Concurrency: 7, MaxFrame: 5000, Window: 1000, Features: []string{"credit"},
		})
	})
}

func TestInitializedOfZeroWorker(t *testing.T) {
	converse(t, &child.Worker{Concurrency: -1}, func(c *talk) {
		got := c.greet(hello)
		if got.Concurrency != 0 || got.MaxFrame != wire.DefaultMaxFrame || got.Window != peer.DefaultWindow || got.Methods == nil {
			t.Errorf("%+v", got)
		}
		c.send("a call of nothing", call(1, "", nil))
		c.wantError("there are no methods", 1, wire.CodeUnknownMethod)
	})
}

func TestUnsupportedVersion(t *testing.T) {
	converse(t, &child.Worker{Init: func(context.Context, wire.Payload) error { t.Error("Init was called"); return nil }}, func(c *talk) {
		c.send("a host of the future", wire.Initialize{Versions: []int{2, 3}})
		in, err := c.want("the worker can't", wire.TypeInitialized).Initialized()
		if err != nil || in.Error == nil || in.Error.Code != wire.CodeUnsupportedVersion || !strings.Contains(in.Error.Message, "[2 3]") || !strings.Contains(in.Error.Message, "version 1") {
			t.Errorf("%+v, %v; want unsupported_version with both sides' versions", in.Error, err)
		}
		c.wantGoodbye("and leaves", 1)
		if err := c.ended("that was all"); err == nil || errors.Is(err, child.ErrHostGone) {
			t.Error(err)
		}
	})
}

func TestInitFails(t *testing.T) {
	for _, test := range []struct {
		name string
		init func(context.Context, wire.Payload) error
		want wire.Code
	}{
		{"with an error", func(context.Context, wire.Payload) error { return errors.New("no licence") }, wire.CodeFailed},
		{"with a code", func(context.Context, wire.Payload) error { return wire.Errorf("licence", "no licence") }, "licence"},
		{"with a panic", func(context.Context, wire.Payload) error { panic("no licence") }, wire.CodePanicked},
		{"with an error of 1 MB", func(context.Context, wire.Payload) error { return errors.New("no licence" + strings.Repeat("!", 1e6)) }, wire.CodeFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			converse(t, &child.Worker{Init: test.init, Logger: zap.NewNop()}, func(c *talk) {
				c.send("the host", wire.Initialize{Versions: []int{1}})
				in, err := c.want("the worker says why", wire.TypeInitialized).Initialized()
				if err != nil || in.Error == nil || in.Error.Code != test.want || !strings.HasPrefix(in.Error.Message, "no licence") || len(in.Error.Message) > 65<<10 {
					t.Errorf("%.200v, %v", in.Error, err)
				}
				c.wantGoodbye("and leaves", 1)
				if err := c.ended("that was all"); err == nil || !strings.Contains(err.Error(), "no licence") {
					t.Error(err)
				}
			})
		})
	}
}

func TestInitGetsConfig(t *testing.T) {
	var config map[string]int
	w := &child.Worker{Init: func(ctx context.Context, p wire.Payload) error {
		child.Logger(ctx).Info("loading")
		if err := child.Host(ctx).Call(ctx, "m", nil, nil); !errors.Is(err, wire.ErrNotSent) {
			t.Errorf("a host call before Initialized: %v", err)
		}
		return p.Decode(&config)
	}}
	converse(t, w, func(c *talk) {
		in := hello
		in.Config = encode(map[string]int{"a": 1})
		c.send("the host has a config", in)
		c.want("logs may come before Initialized", wire.TypeLog)
		c.want("then the worker is ready", wire.TypeInitialized)
		if config["a"] != 1 {
			t.Errorf("the config was %v", config)
		}
	})
}

func TestHostGoesDuringInit(t *testing.T) {
	release := make(chan struct{})
	for _, test := range []struct {
		name string
		init func(context.Context, wire.Payload) error
		late time.Duration
	}{
		{"and it notices", func(ctx context.Context, _ wire.Payload) error { <-ctx.Done(); return ctx.Err() }, 0},
		{"and it does not", func(context.Context, wire.Payload) error { <-release; return nil }, 500 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			converse(t, &child.Worker{Init: test.init}, func(c *talk) {
				release = make(chan struct{}) // of this bubble
				defer close(release)
				c.send("the host", hello)
				time.Sleep(time.Hour)
				c.conn.Close()
				gone := time.Now()
				if err := <-c.served; !errors.Is(err, child.ErrHostGone) {
					t.Error(err)
				}
				if late := time.Since(gone); late != test.late {
					t.Errorf("Serve returned after %v; want %v", late, test.late)
				}
			})
		})
	}
}

func TestWorkerEndsDuringInit(t *testing.T) {
	release := make(chan struct{})
	for _, test := range []struct {
		name string
		init func(context.Context, wire.Payload) error
		late time.Duration
	}{
		{"and it notices", func(ctx context.Context, _ wire.Payload) error { <-ctx.Done(); return nil }, 0},
		{"and it does not", func(context.Context, wire.Payload) error { <-release; return nil }, child.TermGrace},
	} {
		t.Run(test.name, func(t *testing.T) {
			converse(t, &child.Worker{Init: test.init}, func(c *talk) {
				release = make(chan struct{})
				defer close(release)
				c.send("the host", hello)
				time.Sleep(time.Hour)
				c.cancel()
				begun := time.Now()
				in, _ := c.want("there will be no worker", wire.TypeInitialized).Initialized()
				if in.Error == nil || in.Error.Code != wire.CodeCanceled || time.Since(begun) != test.late {
					t.Errorf("%v after %v; want canceled after %v", in.Error, time.Since(begun), test.late)
				}
				c.wantGoodbye("and leaves", 1)
				c.ended("that was all")
			})
		})
	}
}

func TestWorkerEndsBeforeInitialize(t *testing.T) {
	converse(t, &child.Worker{}, func(c *talk) {
		c.cancel()
		if err := c.ended("without a word, since none is allowed yet"); err != nil {
			t.Error(err)
		}
	})
}

func TestBadOptions(t *testing.T) {
	for _, w := range []*child.Worker{{MaxFrame: 4095}, {MaxFrame: -1}, {Window: -1}} {
		converse(t, w, func(c *talk) {
			if err := c.ended("no host would take it"); err == nil || !strings.Contains(err.Error(), "Worker.") {
				t.Errorf("%v: %v", w, err)
			}
		})
	}
}

// wantGoodbye receives Exiting with that code.
func (c *talk) wantGoodbye(why string, code int) wire.Exiting {
	c.Helper()
	last, err := c.want(why, wire.TypeExiting).Exiting()
	if err != nil || last.Code != code {
		c.Fatalf("%s: %+v, %v; want code %d", why, last, err, code)
	}
	return last
}
