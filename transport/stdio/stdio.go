// Package stdio links a host and its worker by two pipes, which are the worker's standard
// input and output.
//
// Any language and any system can do it. Its weakness is that whatever prints to standard
// output prints into the link; [Child] moves the link out of the way, so that this can
// happen only before it is called.
package stdio

import "github.com/kinwire/kinwire/transport"

// Transport makes pairs of pipes. Its zero value is ready, and all values are equal.
type Transport struct{}

var _ transport.Transport = Transport{}

// envValue is what [transport.EnvVar] says for this transport.
const envValue = "stdio"
