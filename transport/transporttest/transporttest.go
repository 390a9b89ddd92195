// Package transporttest holds any transport.Conn against the contract of that interface,
// and against that of transport.Direct if it is one.
package transporttest

import (
	"testing"

	"github.com/kinwire/kinwire/transport"
)

// TestConn runs the whole contract as subtests, each with a link of its own, and what may differ
// from side to side from both.
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
	if !isDirect(t, makeLink) {
		return
	}
	for _, c := range directCases {
		t.Run("Direct"+c.name, func(t *testing.T) {
			a, b, stop := makeLink()
			runCase(t, func(t *testing.T, a, b transport.Conn) {
				c.run(t, a.(transport.Direct), b.(transport.Direct))
			}, a, b, stop)
		})
	}
	t.Run("DirectCloseStorm", func(t *testing.T) { testCloseStorm(t, makeLink) })
}

// isDirect tells whether both ends are a transport.Direct.
func isDirect(t *testing.T, makeLink func() (a, b transport.Conn, stop func())) bool {
	a, b, stop := makeLink()
	runCase(t, func(*testing.T, transport.Conn, transport.Conn) {}, a, b, stop)
	_, first := a.(transport.Direct)
	_, second := b.(transport.Direct)
	return first && second
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
