package peer

import (
	"context"
	"testing"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// TestActivity is about exchanges whose caller has left and whose other side goes on.
func TestActivity(t *testing.T) {
	converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
		ctx, cancel := context.WithCancel(t.Context())
		left := background[int](ctx, p, "m", 1)
		r.want("a call", opening(1, end, "m", 1))
		background[int](t.Context(), p, "m", 2)
		r.want("another", opening(3, end, "m", 2))
		if a := p.Activity(time.Second); a != (Activity{Begun: 2, Open: 2}) {
			t.Errorf("two calls: %+v", a)
		}
		cancel()
		<-left
		r.want("the first is cancelled", wire.Cancel{ID: 1, Reason: "context canceled"})
		time.Sleep(999 * time.Millisecond)
		if a := p.Activity(time.Second); a != (Activity{Begun: 2, Open: 2}) {
			t.Errorf("just before a second has passed: %+v", a)
		}
		time.Sleep(2 * time.Second)
		if a := p.Activity(time.Second); a != (Activity{Begun: 2, Open: 2, Abandoned: 1, Longest: 2999 * time.Millisecond}) {
			t.Errorf("afterwards: %+v", a)
		}
		if a := p.Activity(-1); a != (Activity{Begun: 2, Open: 2}) {
			t.Errorf("nobody asks for abandoned ones: %+v", a)
		}
		r.send(failure(1, wire.CodeCanceled, ""))
		r.send(output(3, end, 2))
		r.quiet("both have ended")
		if a := p.Activity(time.Second); a != (Activity{Begun: 2}) {
			t.Errorf("in the end: %+v", a)
		}
	})
}
