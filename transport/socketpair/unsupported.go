//go:build !unix

package socketpair

import (
	"errors"
	"fmt"

	"github.com/kinwire/kinwire/transport"
)

var errUnsupported = fmt.Errorf("socketpair: not on this system: %w", errors.ErrUnsupported)

// Connect fails: there are no socket pairs here that a process could inherit.
func (Transport) Connect() (transport.Conn, *transport.ChildEnd, error) {
	return nil, nil, errUnsupported
}

// Child fails, as Connect does.
func Child(fd int) (transport.Conn, error) {
	return nil, errUnsupported
}
