// Package socketpair links a host and its worker by a Unix stream socket, one end of which
// the worker inherits as descriptor 3.
//
// It leaves the worker's standard files alone, which makes it the transport of choice
// wherever there is one: on every Unix. Elsewhere its functions return an error that wraps
// errors.ErrUnsupported.
package socketpair

import "github.com/kinwire/kinwire/transport"

// Transport makes socket pairs. Its zero value is ready, and all values are equal.
type Transport struct{}

var _ transport.Transport = Transport{}
