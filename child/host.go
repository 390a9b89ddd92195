package child

import (
	"context"
	"errors"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/wire"
)

// Host returns the host's methods. ctx is that of a handler or of Init, or one made from
// it; with any other, every call fails. So does every call before Init has returned, since
// the host takes none before the worker is ready.
//
// A call whose host has gone is ErrHostGone, for errors.Is, unless its context has ended as
// well, as that of a handler does then.
func Host(ctx context.Context) exchange.Caller {
	if s, ok := ctx.Value(sessionKey{}).(*session); ok {
		return host{s}
	}
	return nobody{}
}

// host is the other side of a session.
type host struct{ s *session }

func (h host) Call(ctx context.Context, method string, in, out any) error {
	return gone(h.s.peer.Call(ctx, method, in, out))
}

func (h host) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	x, err := h.s.peer.Open(ctx, method, in)
	if err != nil {
		return nil, gone(err)
	}
	return withHost{x}, nil
}

// withHost is an exchange whose link's end is told as the host's.
type withHost struct{ exchange.Exchange }

func (x withHost) Recv() (wire.Payload, error) {
	p, err := x.Exchange.Recv()
	return p, gone(err)
}

// gone makes of the end of the link that of the host.
func gone(err error) error {
	var lost *peer.LostError
	if err == nil || !errors.As(err, &lost) {
		return err
	}
	return hostLost{lost}
}

// hostLost is a lost exchange with the host.
type hostLost struct{ *peer.LostError }

func (e hostLost) Is(target error) bool { return target == ErrHostGone || e.LostError.Is(target) }

// nobody is the host where there is none.
type nobody struct{}

var errNobody = wire.Errorf(wire.CodeUnknownMethod, "the context is not that of a handler, so there is no host to call")

func (nobody) Call(context.Context, string, any, any) error { return errNobody }

func (nobody) Open(context.Context, string, any) (exchange.Exchange, error) { return nil, errNobody }
