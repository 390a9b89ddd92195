package child_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// What a handler does with its host.

func TestHostCall(t *testing.T) {
	w := &child.Worker{Handlers: child.Handlers{"ask": child.Func(func(ctx context.Context, v string) (string, error) {
		return exchange.Call[string](ctx, child.Host(ctx), "answer", v)
	})}}
	introduced(t, w, func(c *talk) {
		c.send("", call(1, "ask", "what"))
		c.wantFrame("the worker opens even ids", call(2, "answer", "what"))
		c.send("", wire.Output{ID: 2, Flags: wire.FlagEnd, Payload: encode("that")})
		c.wantValue("", 1, "that")
		c.send("again", call(3, "ask", "what"))
		c.wantFrame("", call(4, "answer", "what"))
		c.send("", wire.Output{ID: 4, Flags: wire.FlagEnd | wire.FlagError, Payload: wire.Errorf("mine", "no").Append(nil)})
		c.wantError("the host's error goes through", 3, "mine")
	})
}

func TestHostCallGoesOnDuringShutdown(t *testing.T) {
	w := &child.Worker{Handlers: child.Handlers{"ask": child.Func(func(ctx context.Context, v string) (string, error) {
		time.Sleep(time.Second)
		return exchange.Call[string](ctx, child.Host(ctx), "answer", v)
	})}}
	introduced(t, w, func(c *talk) {
		c.send("", call(1, "ask", "what"), wire.Shutdown{Grace: time.Minute})
		c.want("", wire.TypeShutdownAck)
		c.wantFrame("it still may ask", call(2, "answer", "what"))
		c.send("", wire.Output{ID: 2, Flags: wire.FlagEnd, Payload: encode("that")})
		c.wantValue("", 1, "that")
		c.wantGoodbye("", 0)
		c.ended("")
	})
}

func TestHostTakesNoCalls(t *testing.T) {
	w := &child.Worker{Handlers: child.Handlers{"ask": child.Func(func(ctx context.Context, v string) (string, error) {
		if _, err := child.Host(ctx).Open(ctx, "answer", v); !errors.Is(err, wire.ErrNotSent) {
			t.Errorf("Open: %v", err)
		}
		return exchange.Call[string](ctx, child.Host(ctx), "answer", v)
	})}}
	converse(t, w, func(c *talk) {
		c.greet(wire.Initialize{Versions: []int{1}})
		c.send("", call(1, "ask", "what"))
		c.wantError("the worker never says a word of it", 1, wire.CodeFailed)
	})
}

// With a context of its own a call outlives its handler's, and learns that the host is gone.
func TestHostGoneDuringHostCall(t *testing.T) {
	results := make(chan error, 2)
	w := &child.Worker{Handlers: child.Handlers{"ask": func(ctx context.Context, _ exchange.Request) error {
		ctx = context.WithoutCancel(ctx)
		x, err := child.Host(ctx).Open(ctx, "stream", nil)
		if err != nil {
			return err
		}
		go func() {
			_, err := x.Recv()
			results <- err
		}()
		results <- child.Host(ctx).Call(ctx, "answer", nil, nil)
		return nil
	}}}
	introduced(t, w, func(c *talk) {
		results = make(chan error, 2)
		c.send("", call(1, "ask", nil))
		c.want("the stream", wire.TypeInput)
		c.want("the call", wire.TypeInput)
		c.conn.Close()
		for range 2 {
			if err := <-results; !errors.Is(err, child.ErrHostGone) || errors.Is(err, wire.ErrNotSent) {
				t.Errorf("%v; want ErrHostGone, and not ErrNotSent", err)
			}
		}
		<-c.served
	})
}

func TestNoHost(t *testing.T) {
	ctx := t.Context()
	if err := child.Host(ctx).Call(ctx, "m", nil, nil); !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	if _, err := child.Host(ctx).Open(ctx, "m", nil); !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	child.Logger(ctx).Info("goes nowhere")
}
