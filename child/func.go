package child

import (
	"context"
	"iter"

	"github.com/kinwire/kinwire/exchange"
)

// Handler answers an exchange; see [exchange.Handler].
type Handler = exchange.Handler

// Handlers are handlers by the name of their method. "" is the one that `kinwire run` calls
// by default, and no fallback for names that are not there.
type Handlers = exchange.Handlers

// Func makes a Handler of a function that turns one value into another; see
// [exchange.Func].
func Func[In, Out any](f func(context.Context, In) (Out, error)) Handler {
	return exchange.Func(f)
}

// Stream makes a Handler of a function that answers one value with many; see
// [exchange.Stream].
func Stream[In, Out any](f func(context.Context, In) iter.Seq2[Out, error]) Handler {
	return exchange.Stream(f)
}

// Duplex makes a Handler of a function that answers many values with many; see
// [exchange.Duplex].
func Duplex[In, Out any](f func(context.Context, iter.Seq2[In, error]) iter.Seq2[Out, error]) Handler {
	return exchange.Duplex(f)
}
