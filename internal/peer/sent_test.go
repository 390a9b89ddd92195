package peer

import (
	"testing"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// slowWrite is a link whose writes have arrived some time before they return.
type slowWrite struct {
	transport.Conn
	arrived, returns chan struct{}
}

func (c slowWrite) TryWrite(bufs [][]byte) (int, error) {
	n, err := c.Conn.TryWrite(bufs)
	c.arrived <- struct{}{}
	<-c.returns
	return n, err
}

// TestLostDuringTheWrite: a link that ends while a request is being written may have
// delivered it, so the request must not count as safe to repeat.
func TestLostDuringTheWrite(t *testing.T) {
	a, b := transport.Pair()
	conn := slowWrite{a, make(chan struct{}), make(chan struct{})}
	p := setup{side: wire.Parent}.start(conn)
	call := background[any](t.Context(), p, "echo", 1)
	<-conn.arrived
	b.Close() // whoever reads it dies at once
	<-p.Ended()
	close(conn.returns)
	wantSent(t, (<-call).err, true)
	p.Close()
	<-p.Finished()
}
