//go:build !windows && (!unix || aix)

package stdio

import (
	"errors"
	"fmt"

	"github.com/kinwire/kinwire/transport"
)

var errUnsupported = fmt.Errorf("stdio: not on this system: %w", errors.ErrUnsupported)

// Connect fails with an error that wraps errors.ErrUnsupported.
func (Transport) Connect() (transport.Conn, *transport.ChildEnd, error) {
	return nil, nil, errUnsupported
}

// Child fails, as Connect does.
func Child() (transport.Conn, error) {
	return nil, errUnsupported
}
