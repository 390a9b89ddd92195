package parent

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// message is any message of package wire.
type message interface{ Append([]byte) []byte }

// talk is a conversation with a host, whose worker the test plays frame by frame. It runs in
// a bubble, where time passes only while everybody waits.
type talk struct {
	*testing.T
	w     *Worker // after greet
	conn  transport.Conn
	in    *wire.Reader
	seen  *observer.ObservedLogs
	begun time.Time
}

// all is an Initialized that names every feature.
var all = wire.Initialized{Version: 1, Name: "raw", Features: wire.Features}

// attach begins a conversation. Its result is what Attach returns.
func attach(t *testing.T, spec Spec, f func(c *talk, result <-chan error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := transport.Pair()
		core, seen := observer.New(zapcore.DebugLevel)
		if spec.Logger == nil {
			spec.Logger = zap.New(core)
		}
		c := &talk{T: t, conn: ours, in: wire.NewReader(ours), seen: seen, begun: time.Now()}
		result := make(chan error, 1)
		go func() {
			var err error
			c.w, err = Attach(t.Context(), theirs, spec)
			result <- err
		}()
		defer func() {
			ours.Close()
			synctest.Wait()
			if c.w != nil {
				<-c.w.Done()
			}
		}()
		f(c, result)
	})
}

// attached runs a conversation from behind the handshake.
func attached(t *testing.T, spec Spec, f func(*talk)) {
	t.Helper()
	attachedTo(t, all, spec, f)
}

func attachedTo(t *testing.T, info wire.Initialized, spec Spec, f func(*talk)) {
	t.Helper()
	attach(t, spec, func(c *talk, result <-chan error) {
		c.want("the host begins", wire.TypeInitialize)
		c.send("the worker is ready", info)
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		c.begun = time.Now()
		f(c)
	})
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
			return // the host has closed the link; what it says then is what counts
		}
		if b = b[n:]; len(b) > 0 {
			if err := c.conn.WaitWritable(); err != nil {
				return
			}
		}
	}
}

// next receives a frame, but for pings and grease.
func (c *talk) next(why string) wire.Message {
	c.Helper()
	for {
		body, _, err := c.in.Next()
		if err != nil {
			c.Fatalf("%s: no frame: %v", why, err)
		}
		m, err := wire.Parse(slices.Clone(body))
		if err != nil {
			c.Fatalf("%s: %v", why, err)
		}
		if m.Type.Known() && m.Type != wire.TypePing {
			return m
		}
	}
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

// ping receives a ping.
func (c *talk) ping(why string) uint64 {
	c.Helper()
	for {
		body, _, err := c.in.Next()
		if err != nil {
			c.Fatalf("%s: no ping: %v", why, err)
		}
		m, err := wire.Parse(body)
		if err != nil {
			c.Fatal(err)
		}
		if m.Type == wire.TypePing {
			p, err := m.Ping()
			if err != nil {
				c.Fatal(err)
			}
			return p.Seq
		}
		if m.Type.Known() {
			c.Fatalf("%s: got %s", why, m.Type)
		}
	}
}

// pong answers the next ping.
func (c *talk) pong(why string) {
	c.Helper()
	c.send(why, wire.Pong{Seq: c.ping(why)})
}

// input receives an Input.
func (c *talk) input(why string) wire.Input {
	c.Helper()
	in, err := c.want(why, wire.TypeInput).Input()
	if err != nil {
		c.Fatal(err)
	}
	return in
}

// closed waits until the host has closed the link.
func (c *talk) closed(why string) {
	c.Helper()
	for {
		body, _, err := c.in.Next()
		if err != nil {
			return
		}
		if m, err := wire.Parse(body); err != nil || m.Type.Known() && m.Type != wire.TypePing {
			c.Fatalf("%s: a further frame: % x", why, body)
		}
	}
}

// broken checks that the host has ended the worker for the violation of a rule.
func (c *talk) broken(rule wire.Rule) {
	c.Helper()
	<-c.w.Done()
	var v *wire.Violation
	if err := c.w.peer.Err(); !errors.As(err, &v) || v.Rule != rule {
		c.Errorf("%v; want a violation of %s", err, rule)
	}
}

// logged returns the lines with that message.
func (c *talk) logged(message string) int {
	synctest.Wait()
	return c.seen.FilterMessage(message).Len()
}

func (c *talk) passed() time.Duration { return time.Since(c.begun) }

// calls calls a method in the background.
func (c *talk) calls(ctx context.Context, method string) <-chan error {
	result := make(chan error, 1)
	go func() { result <- c.w.Call(ctx, method, nil, nil) }()
	return result
}

func encode(v any) wire.Payload {
	p, err := wire.Encode(v)
	if err != nil {
		panic(err)
	}
	return p
}

// answer is an Output that ends an exchange with a value.
func answer(id uint64, v any) wire.Output {
	return wire.Output{ID: id, Flags: wire.FlagEnd, Payload: encode(v)}
}
