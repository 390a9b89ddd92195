// Package transporttest holds any transport.Conn against the contract of that interface.
package transporttest

import (
	"testing"

	"github.com/kinwire/kinwire/transport"
)

// TestConn runs the whole contract as subtests, each from both sides of a link of its own.
//
// makeLink makes a link whose two ends are in this process, and a function that releases
// whatever else it needed, or nil; TestConn closes the ends. The link may hold up to
// 64 MiB each way before it is full.
func TestConn(t *testing.T, makeLink func() (a, b transport.Conn, stop func())) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Run("a", func(t *testing.T) {
				a, b, stop := makeLink()
				runCase(t, c.run, a, b, stop)
			})
			t.Run("b", func(t *testing.T) {
				a, b, stop := makeLink()
				runCase(t, c.run, b, a, stop)
			})
		})
	}
}

// cases are the clauses of the contract. Each gets a fresh link.
var cases = []struct {
	name string
	run  func(t *testing.T, a, b transport.Conn)
}{
	{"Conversation", testConversation},
	{"BothWriteFirst", testBothWriteFirst},
	{"PartialWrite", testPartialWrite},
	{"ManyBuffers", testManyBuffers},
	{"WakeupStress", testWakeupStress},
	{"EOF", testEOF},
	{"CloseDelivers", testCloseDelivers},
	{"CloseWakesRead", testCloseWakesRead},
	{"CloseWakesWaitWritable", testCloseWakesWaitWritable},
	{"CloseDuringWrite", testCloseDuringWrite},
	{"CloseTwice", testCloseTwice},
	{"PeerCloseWakesRead", testPeerCloseWakesRead},
	{"PeerCloseWakesWaitWritable", testPeerCloseWakesWaitWritable},
}

func runCase(t *testing.T, run func(*testing.T, transport.Conn, transport.Conn), a, b transport.Conn, stop func()) {
	defer func() {
		within(t, "closing both ends", func() {
			a.Close()
			b.Close()
		})
		if stop != nil {
			stop()
		}
	}()
	run(t, a, b)
}
