//go:build unix

package parent

import "github.com/kinwire/kinwire/transport/socketpair"

var defaultTransport = socketpair.Transport{}
