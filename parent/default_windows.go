package parent

import "github.com/kinwire/kinwire/transport/stdio"

var defaultTransport = stdio.Transport{}
