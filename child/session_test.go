package child

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// SIGTERM at the very moment at which a Shutdown is taken is no shutdown of its own: no second
// acknowledgement, which would ask for a replacement. Many times, since a wrong choice between
// the two would be by chance.
func TestTermAtShutdown(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := transport.Pair()
			defer ours.Close()
			s := newSession(&Worker{}, theirs)
			s.peer.Start()
			s.peer.Refuse() // as control does first
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("SIGTERM"))
			go func() { s.shutdown <- wire.Shutdown{} }()
			go func() {
				if err := s.run(ctx); err != nil {
					t.Error(err)
				}
				s.peer.Close()
			}()
			in := wire.NewReader(ours)
			body, _, err := in.Next()
			if err != nil {
				t.Fatal(err)
			}
			if m, err := wire.Parse(body); err != nil || m.Type != wire.TypeExiting {
				t.Errorf("%v, %v", m.Type, err)
			}
			if _, _, err := in.Next(); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		})
	}
}
