package peer

import (
	"context"
	"io"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// link makes the two ends of a link.
type link func(t testing.TB) (parent, child transport.Conn)

func inMemory(testing.TB) (transport.Conn, transport.Conn) { return transport.Pair() }

// links are those there are on this system.
var links = map[string]link{"memory": inMemory}

// overLinks runs a test over each link there is, with a parent and a child that are alike
// but for their side.
func overLinks(t *testing.T, s setup, test func(t *testing.T, parent, child *Peer)) {
	t.Helper()
	for name, l := range links {
		t.Run(name, func(t *testing.T) {
			parent, child := l.peers(t, s)
			test(t, parent, child)
		})
	}
}

// peers starts a peer at each end of the link.
func (l link) peers(t testing.TB, s setup) (parent, child *Peer) {
	t.Helper()
	return l.peersWith(t, s, s)
}

// peersWith starts a parent and a child that differ.
func (l link) peersWith(t testing.TB, ofParent, ofChild setup) (parent, child *Peer) {
	t.Helper()
	a, b := l(t)
	ofParent.side, ofChild.side = wire.Parent, wire.Child
	parent, child = ofParent.start(a), ofChild.start(b)
	t.Cleanup(func() {
		parent.Close()
		child.Close()
		<-parent.Finished()
		<-child.Finished()
		if t, ok := t.(*testing.T); ok {
			checkOver(t, parent)
			checkOver(t, child)
		}
	})
	return parent, child
}

// self returns the peer that runs the handler whose context ctx is.
func self(ctx context.Context) *Peer { return ctx.Value(insideKey{}).(*Peer) }

// standard are the handlers that most tests need.
var standard = exchange.Handlers{
	// func answers one value with itself.
	"func": exchange.Func(func(_ context.Context, in wire.Payload) (wire.Payload, error) { return in, nil }),
	// echo answers each value with itself.
	"echo": func(_ context.Context, r exchange.Request) error {
		for {
			v, err := r.Recv()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := r.Send(v); err != nil {
				return err
			}
		}
	},
	// hang lasts until its context ends.
	"hang": func(ctx context.Context, _ exchange.Request) error {
		<-ctx.Done()
		return ctx.Err()
	},
	// count answers how many bytes have come.
	"count": func(_ context.Context, r exchange.Request) error {
		n := 0
		for {
			v, err := r.Recv()
			if err == io.EOF {
				return r.Reply(n)
			}
			if err != nil {
				return err
			}
			b, _ := v.Bin()
			n += len(b)
		}
	},
}
