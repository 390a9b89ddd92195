package wire

import "fmt"

// Version is the version of the protocol that this package speaks.
const Version = 1

// Type is the first element of a body: which message it is.
type Type uint64

// The messages of version 1.
const (
	TypeInitialize  Type = 1
	TypeInitialized Type = 2
	TypePing        Type = 3
	TypePong        Type = 4
	TypeInput       Type = 5
	TypeOutput      Type = 6
	TypeCancel      Type = 7
	TypeCredit      Type = 8
	TypeLog         Type = 9
	TypeShutdown    Type = 10
	TypeShutdownAck Type = 11
	TypeExiting     Type = 12
)

// Types GreaseFirst to GreaseLast mean nothing, for ever. They are sent to prove that
// the other side ignores what it does not know.
const (
	GreaseFirst Type = 112
	GreaseLast  Type = 127
)

// Side is one of the two ends of a link.
type Side uint8

// The two sides.
const (
	Parent Side = 1 << iota
	Child
)

// String returns "parent" or "child".
func (s Side) String() string {
	if s == Parent {
		return "parent"
	}
	return "child"
}

// Other returns the side at the other end.
func (s Side) Other() Side { return s ^ (Parent | Child) }

var types = [...]struct {
	name string
	from Side
}{
	TypeInitialize:  {"Initialize", Parent},
	TypeInitialized: {"Initialized", Child},
	TypePing:        {"Ping", Parent},
	TypePong:        {"Pong", Child},
	TypeInput:       {"Input", Parent | Child},
	TypeOutput:      {"Output", Parent | Child},
	TypeCancel:      {"Cancel", Parent | Child},
	TypeCredit:      {"Credit", Parent | Child},
	TypeLog:         {"Log", Child},
	TypeShutdown:    {"Shutdown", Parent},
	TypeShutdownAck: {"ShutdownAck", Child},
	TypeExiting:     {"Exiting", Child},
}

// Known reports whether the type is a message of version 1.
func (t Type) Known() bool { return t > 0 && t < Type(len(types)) }

// From reports whether that side may send the type. What version 1 does not know, either
// may send.
func (t Type) From(s Side) bool { return !t.Known() || types[t].from&s != 0 }

// String returns the message's name in SPEC.md.
func (t Type) String() string {
	if t.Known() {
		return types[t].name
	}
	return fmt.Sprintf("Type(%d)", uint64(t))
}

// Flags tell how an Input or an Output stands in its exchange.
type Flags uint8

// The flags. All other bits are sent as 0 and ignored.
const (
	FlagEnd   Flags = 1 // the last frame of this direction of the exchange
	FlagError Flags = 2 // the payload is an error map; implies FlagEnd
	FlagEmpty Flags = 4 // there is no value: the payload is nil and is not delivered
)

// End reports whether the frame is the last one of its direction.
func (f Flags) End() bool { return f&(FlagEnd|FlagError) != 0 }

// Has reports whether all flags of g are set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Limits and defaults of the protocol.
const (
	// DefaultMaxFrame is the largest body until the handshake, and after it for a side
	// that announced none.
	DefaultMaxFrame = 16 << 20
	// LeastMaxFrame is the smallest limit that a side may announce.
	LeastMaxFrame = 4096
	// DefaultWindow is the credit that each direction of an exchange starts with.
	DefaultWindow = 64 << 10
	// MaxCredit is the most that one Credit grants, and where a balance saturates.
	MaxCredit = 1<<31 - 1
	// DefaultHostConcurrency is how many exchanges a child may have open towards its
	// host if the host does not say.
	DefaultHostConcurrency = 64
	// MaxDepth is how many levels of arrays and maps a body may have, its own included.
	MaxDepth = 64
	// MaxID is the largest id of an exchange.
	MaxID = 1<<53 - 1
	// MaxUnread is how much of an exchange may lie unread at a receiver towards which
	// there is no credit.
	MaxUnread = 4 << 20
)

// Exit codes of a worker whose start or whose conversation failed.
const (
	// ExitUsage is for a worker that was not started by a host.
	ExitUsage = 64
	// ExitViolation is for a worker whose host broke the protocol.
	ExitViolation = 65
	// ExitOrphaned is for a worker whose host is gone.
	ExitOrphaned = 69
)
