//go:build unix && !race

package pool

import (
	"bytes"
	"testing"

	"github.com/kinwire/kinwire/exchange"
)

// A call through a pool whose worker has room allocates nothing. (The race detector makes
// pools lose what they hold.)
func TestCallAllocates(t *testing.T) {
	p := start(t, Spec{Worker: program("worker"), Size: Size{Min: 2}})
	sticky := p.Sticky("k")
	s, err := p.Checkout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	in := any(bytes.Repeat([]byte{7}, 64))
	var out []byte
	for name, c := range map[string]exchange.Caller{"pool": p, "sticky": sticky, "session": s} {
		call := func() {
			if err := c.Call(t.Context(), "same", in, &out); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			call()
		}
		if got := testing.AllocsPerRun(500, call); got > 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}
