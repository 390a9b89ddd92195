package transporttest

import (
	"io"
	"net"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/kinwire/kinwire/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In a bubble a wait that nothing ends is found at once and for certain, since time passes
// only when every goroutine waits. So the kit is tried there, on what needs no system.

func TestPairInBubble(t *testing.T) {
	inBubble(t, transport.Pair)
}

func TestStreamInBubble(t *testing.T) {
	inBubble(t, func() (transport.Conn, transport.Conn) {
		a, b := net.Pipe()
		return transport.Stream(a), transport.Stream(b)
	})
}

// A stream without deadlines: only closing it ends a Read.
func TestPlainStreamInBubble(t *testing.T) {
	inBubble(t, func() (transport.Conn, transport.Conn) {
		ar, bw := io.Pipe()
		br, aw := io.Pipe()
		return transport.Stream(plain{ar, aw}), transport.Stream(plain{br, bw})
	})
}

type plain struct {
	*io.PipeReader
	w *io.PipeWriter
}

func (p plain) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p plain) Close() error {
	p.w.Close()
	return p.PipeReader.Close()
}

func inBubble(t *testing.T, makeLink func() (a, b transport.Conn)) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := makeLink()
				runCase(t, c.run, a, b, nil)
			})
		})
	}
}
