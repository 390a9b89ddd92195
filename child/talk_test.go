package child_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// message is any message of package wire.
type message interface{ Append([]byte) []byte }

// talk is a conversation with a worker, whose host the test plays frame by frame. It runs
// in a bubble, where time passes only while everybody waits.
type talk struct {
	*testing.T
	conn   transport.Conn
	in     *wire.Reader
	cancel context.CancelFunc // ends the worker's own context
	served chan error
	begun  time.Time
}

// hello is an Initialize that offers everything.
var hello = wire.Initialize{Versions: []int{1}, Features: wire.Features, LogLevel: "debug"}

// converse runs a conversation. The worker must be done when it returns.
func converse(t *testing.T, w *child.Worker, f func(*talk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := transport.Pair()
		ctx, cancel := context.WithCancel(t.Context())
		c := &talk{T: t, conn: ours, in: wire.NewReader(ours), cancel: cancel, served: make(chan error, 1), begun: time.Now()}
		go func() { c.served <- w.Serve(ctx, theirs) }()
		defer func() {
			ours.Close()
			cancel()
		}()
		f(c)
	})
}

// introduced runs a conversation from behind the handshake.
func introduced(t *testing.T, w *child.Worker, f func(*talk)) {
	t.Helper()
	converse(t, w, func(c *talk) {
		c.greet(hello)
		f(c)
	})
}

// greet makes the handshake.
func (c *talk) greet(in wire.Initialize) wire.Initialized {
	c.Helper()
	c.send("the host introduces itself", in)
	m := c.want("so does the worker", wire.TypeInitialized)
	out, err := m.Initialized()
	if err != nil || out.Error != nil {
		c.Fatalf("Initialized: %+v, %v", out, err)
	}
	return out
}

func (c *talk) send(why string, messages ...message) {
	c.Helper()
	for _, m := range messages {
		c.write(why, m.Append(nil))
	}
}

// body sends a frame with that body.
func (c *talk) body(why string, body ...byte) {
	c.Helper()
	c.write(why, append([]byte{0, 0, byte(len(body) >> 8), byte(len(body))}, body...))
}

func (c *talk) write(why string, b []byte) {
	c.Helper()
	for len(b) > 0 {
		n, err := c.conn.TryWrite([][]byte{b})
		if err != nil {
			return // the worker has closed the link; what it says then is what counts
		}
		if b = b[n:]; len(b) > 0 {
			if err := c.conn.WaitWritable(); err != nil {
				c.Fatalf("%s: %v", why, err)
			}
		}
	}
}

// next receives a frame.
func (c *talk) next(why string) wire.Message {
	c.Helper()
	body, _, err := c.in.Next()
	if err != nil {
		c.Fatalf("%s: no frame: %v", why, err)
	}
	m, err := wire.Parse(slices.Clone(body))
	if err != nil {
		c.Fatalf("%s: %v", why, err)
	}
	return m
}

// want receives a frame, which must be of that type.
func (c *talk) want(why string, t wire.Type) wire.Message {
	c.Helper()
	m := c.next(why)
	if m.Type != t {
		c.Fatalf("%s: got %s; want %s", why, m.Type, t)
	}
	return m
}

// wantFrame receives a frame, which must be that message to the byte.
func (c *talk) wantFrame(why string, want message) {
	c.Helper()
	body, _, err := c.in.Next()
	if err != nil {
		c.Fatalf("%s: no frame: %v", why, err)
	}
	if frame := want.Append(nil); !bytes.Equal(body, frame[4:]) {
		c.Fatalf("%s: got % x\nwant % x", why, body, frame[4:])
	}
}

// wantError receives an Output, which must end the exchange with that code.
func (c *talk) wantError(why string, id uint64, code wire.Code) *wire.Error {
	c.Helper()
	out, err := c.want(why, wire.TypeOutput).Output()
	if err != nil || out.ID != id || !out.Flags.Has(wire.FlagEnd|wire.FlagError) {
		c.Fatalf("%s: %+v, %v; want an error that ends %d", why, out, err, id)
	}
	e := wire.ParseError(out.Payload)
	if e.Code != code {
		c.Fatalf("%s: %v; want %s", why, e, code)
	}
	return e
}

// wantValue receives an Output, which must end the exchange with that value.
func (c *talk) wantValue(why string, id uint64, v any) {
	c.Helper()
	c.wantFrame(why, wire.Output{ID: id, Flags: wire.FlagEnd, Payload: encode(v)})
}

// ping sees whether the worker is there and has nothing else to say.
func (c *talk) ping(why string, seq uint64) {
	c.Helper()
	c.send(why, wire.Ping{Seq: seq})
	if pong, err := c.want(why, wire.TypePong).Pong(); err != nil || pong.Seq != seq {
		c.Fatalf("%s: %+v, %v", why, pong, err)
	}
}

// ended waits for the end of Serve, and returns its result. Nothing may come any more.
func (c *talk) ended(why string) error {
	c.Helper()
	if body, _, err := c.in.Next(); err == nil {
		c.Fatalf("%s: a further frame: % x", why, body)
	} else if !errors.Is(err, io.EOF) {
		c.Fatalf("%s: %v; want the end of the link", why, err)
	}
	return <-c.served
}

// passed is how much of the bubble's time has passed.
func (c *talk) passed() time.Duration { return time.Since(c.begun) }

// call is an opening Input that is all of its direction.
func call(id uint64, method string, v any) wire.Input {
	return wire.Input{ID: id, Flags: wire.FlagEnd, Method: []byte(method), Payload: encode(v)}
}

func encode(v any) wire.Payload {
	p, err := wire.Encode(v)
	if err != nil {
		panic(err)
	}
	return p
}

// echo sends back what it gets, one or many.
func echo(_ context.Context, r exchange.Request) error {
	for {
		v, err := r.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.Send(v); err != nil {
			return err
		}
	}
}

// wait returns when its context ends.
func wait(ctx context.Context, _ exchange.Request) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// one returns what it gets.
var one = child.Func(func(_ context.Context, v any) (any, error) { return v, nil })
