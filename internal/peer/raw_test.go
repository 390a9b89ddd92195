package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// setup says what a peer under test is like. The zero value is a parent without handlers,
// with all features in force and the terms that are the protocol's defaults.
type setup struct {
	side         wire.Side
	ours, theirs Terms
	features     []wire.Feature // nil: all
	handlers     exchange.Handlers
	control      func(wire.Message) error
	panicked     func(method string, value any, stack []byte)
	handshake    bool // it is not over
}

func (s setup) start(conn transport.Conn) *Peer {
	if s.side == 0 {
		s.side = wire.Parent
	}
	if s.control == nil {
		s.control = func(wire.Message) error { return nil }
	}
	p := New(conn, Config{Side: s.side, Handlers: s.handlers, Control: s.control, Panicked: s.panicked})
	if !s.handshake {
		if s.features == nil {
			s.features = wire.Features
		}
		p.Establish(s.ours.resolved(), s.theirs.resolved(), s.features)
	}
	p.Start()
	return p
}

func (t Terms) resolved() Terms {
	if t.MaxFrame == 0 {
		t.MaxFrame = wire.DefaultMaxFrame
	}
	if t.Window == 0 {
		t.Window = wire.DefaultWindow
	}
	return t
}

// raw is a side of a link that the test plays itself, frame by frame. It lives in a bubble,
// so waiting for what never comes fails at once.
type raw struct {
	t       *testing.T
	conn    transport.Conn
	in      *wire.Reader
	pending chan []byte // the next body: nil at the end of the stream
}

// converse lets a peer talk with a raw side, and looks afterwards whether it has left
// anything behind.
func converse(t *testing.T, s setup, talk func(t *testing.T, p *Peer, r *raw)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := transport.Pair()
		p := s.start(a)
		r := &raw{t: t, conn: b, in: wire.NewReader(b)}
		t.Cleanup(func() {
			r.conn.Close()
			p.Close()
			<-p.Finished()
			checkOver(t, p)
		})
		talk(t, p, r)
	})
}

// send gives the peer a message.
func (r *raw) send(m message) { r.write(m.Append(nil)) }

// write gives the peer bytes, and waits until the link has taken them.
func (r *raw) write(b []byte) {
	r.t.Helper()
	for len(b) > 0 {
		n, err := r.conn.TryWrite([][]byte{b})
		if err == nil && n == 0 {
			err = r.conn.WaitWritable()
		}
		if err != nil {
			r.t.Fatalf("writing to the peer: %v", err)
		}
		b = b[n:]
	}
}

// want takes the next frame of the peer, which must be exactly m. why says what it is for.
func (r *raw) want(why string, m message) {
	r.t.Helper()
	got := r.next(why)
	want := m.Append(nil)[4:]
	if !bytes.Equal(got, want) {
		r.t.Fatalf("%s: the frame is\n%s, and should be\n%s", why, show(got), show(want))
	}
}

// wantAll takes as many frames of the peer, which come in any order.
func (r *raw) wantAll(why string, messages ...message) {
	r.t.Helper()
	for len(messages) > 0 {
		messages = r.wantOneOf(why, messages)
	}
}

// wantOneOf takes the next frame of the peer, which must be one of messages. It returns the
// others.
func (r *raw) wantOneOf(why string, messages []message) []message {
	r.t.Helper()
	got := r.next(why)
	i := slices.IndexFunc(messages, func(m message) bool { return bytes.Equal(m.Append(nil)[4:], got) })
	if i < 0 {
		r.t.Fatalf("%s: the frame is\n%s, which is none of those that should come", why, show(got))
	}
	return slices.Delete(slices.Clone(messages), i, i+1)
}

// next takes the body of the next frame of the peer.
func (r *raw) next(why string) []byte {
	r.t.Helper()
	select {
	case body := <-r.ask():
		r.pending = nil
		if body == nil {
			r.t.Fatalf("%s: the peer has ended the link", why)
		}
		return body
	case <-time.After(time.Hour):
		r.t.Fatalf("%s: nothing comes", why)
		return nil
	}
}

// output takes the next frame of the peer, which must be an Output.
func (r *raw) output(why string) wire.Output {
	r.t.Helper()
	body := r.next(why)
	m, err := wire.Parse(body)
	if err != nil {
		r.t.Fatalf("%s: %v", why, err)
	}
	out, err := m.Output()
	if m.Type != wire.TypeOutput || err != nil {
		r.t.Fatalf("%s: the frame is\n%s, and should be an Output (%v)", why, show(body), err)
	}
	return out
}

// wantError takes the next frame of the peer, which must end an exchange with an error.
func (r *raw) wantError(why string, id uint64, code wire.Code) *wire.Error {
	r.t.Helper()
	out := r.output(why)
	e := wire.ParseError(out.Payload)
	if out.ID != id || out.Flags != wire.FlagEnd|wire.FlagError || e.Code != code {
		r.t.Fatalf("%s: an Output of exchange %d with flags %d and %v; want one of %d with %s", why, out.ID, out.Flags, e, id, code)
	}
	return e
}

// quiet checks that the peer says nothing for as long as nothing happens.
func (r *raw) quiet(why string) {
	r.t.Helper()
	next := r.ask()
	synctest.Wait()
	select {
	case body := <-next:
		r.t.Fatalf("%s: the peer sends\n%s", why, show(body))
	default:
	}
}

// wantEnd checks that the peer closes the link, and says nothing before.
func (r *raw) wantEnd(why string) {
	r.t.Helper()
	select {
	case body := <-r.ask():
		if body != nil {
			r.t.Fatalf("%s: the peer sends\n%s", why, show(body))
		}
	case <-time.After(time.Hour):
		r.t.Fatalf("%s: the link lives on", why)
	}
}

func (r *raw) ask() chan []byte {
	if r.pending == nil {
		next := make(chan []byte, 1)
		r.pending = next
		go func() {
			body, _, err := r.in.Next()
			if err != nil {
				next <- nil
				return
			}
			next <- bytes.Clone(body)
		}()
	}
	return r.pending
}

func show(body []byte) string {
	if len(body) > 200 {
		return fmt.Sprintf("\t% x ... (%d bytes)", body[:200], len(body))
	}
	return fmt.Sprintf("\t% x %q", body, body)
}

// What follows makes frames.

const (
	end   = wire.FlagEnd
	empty = wire.FlagEmpty
)

func opening(id uint64, flags wire.Flags, method string, v any) wire.Input {
	return wire.Input{ID: id, Flags: flags, Method: append([]byte{}, method...), Payload: encoded(v)}
}

func more(id uint64, flags wire.Flags, v any) wire.Input {
	return wire.Input{ID: id, Flags: flags, Payload: encoded(v)}
}

func output(id uint64, flags wire.Flags, v any) wire.Output {
	return wire.Output{ID: id, Flags: flags, Payload: encoded(v)}
}

func failure(id uint64, code wire.Code, message string) wire.Output {
	return wire.Output{ID: id, Flags: end | wire.FlagError, Payload: wire.Errorf(code, "%s", message).Append(nil)}
}

func encoded(v any) wire.Payload {
	p, err := wire.Encode(v)
	if err != nil {
		panic(err)
	}
	return p
}

// length is the length of a frame: what it takes of a balance.
func length(m message) int { return len(m.Append(nil)) - 4 }

// bytesFor returns a value with which a frame of the other side's is n bytes long.
func bytesFor(n int, frame func(v any) message) []byte {
	for size := n; size >= 0; size-- {
		if b := make([]byte, size); length(frame(b)) <= n {
			return b
		}
	}
	panic("no frame is so short")
}

// What follows looks at a peer.

// checkOver checks that a peer whose link has ended holds on to nothing.
func checkOver(t *testing.T, p *Peer) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.table) > 0:
		t.Errorf("%d exchanges are left in the table", len(p.table))
	case p.places.taken.n > 0 || len(p.places.queue) > 0:
		t.Errorf("%d places are taken, and %d callers wait for one", p.places.taken.n, len(p.places.queue))
	case p.serving > 0:
		t.Errorf("%d exchanges of the other side are open", p.serving)
	case p.err != nil && !p.out.inWrite && (p.out.frames != nil || p.out.batch != nil || p.out.urgent != nil):
		t.Errorf("the queue keeps what will never be written")
	}
}

// checkIdle checks that a peer whose link is up has no exchange open.
func checkIdle(t *testing.T, p *Peer) {
	t.Helper()
	checkOver(t, p)
	if err := p.Err(); err != nil {
		t.Errorf("the link has ended: %v", err)
	}
}

// wantViolation waits for the end of the link, which must be for that rule.
func wantViolation(t *testing.T, p *Peer, rule wire.Rule) *wire.Violation {
	t.Helper()
	waitEnded(t, p)
	var v *wire.Violation
	if !errors.As(p.Err(), &v) || v.Rule != rule {
		t.Fatalf("the link has ended with %v; want a violation of the rule %s", p.Err(), rule)
	}
	return v
}

func waitEnded(t *testing.T, p *Peer) {
	t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(time.Minute):
		t.Fatal("the link lives on")
	}
}

// outcome is how a call has ended.
type outcome[T any] struct {
	value T
	err   error
}

// background calls in a goroutine.
func background[T any](ctx context.Context, p *Peer, method string, in any) <-chan outcome[T] {
	done := make(chan outcome[T], 1)
	go func() {
		v, err := exchange.Call[T](ctx, p, method, in)
		done <- outcome[T]{v, err}
	}()
	return done
}

// running checks that a call has not ended.
func running[T any](t *testing.T, why string, call <-chan outcome[T]) {
	t.Helper()
	synctest.Wait()
	select {
	case o := <-call:
		t.Fatalf("%s: the call has ended with %v, %v", why, o.value, o.err)
	default:
	}
}

// wantCode checks that err is the other side's, of that code.
func wantCode(t *testing.T, err error, code wire.Code) {
	t.Helper()
	var said *wire.Error
	if !errors.As(err, &said) || said.Code != code {
		t.Errorf("the error is %v; want one of the code %s", err, code)
	}
}

// wantSent checks whether err says that it is safe to repeat what failed.
func wantSent(t *testing.T, err error, sent bool) {
	t.Helper()
	if errors.Is(err, wire.ErrNotSent) == sent {
		t.Errorf("is %q safe to repeat? %v", err, sent)
	}
}

// settle waits until nothing goes on in the bubble any more.
func settle() { synctest.Wait() }
