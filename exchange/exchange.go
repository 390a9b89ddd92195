// Package exchange is the vocabulary that both sides of a link share: what a handler is,
// and what one calls.
//
// An exchange is a request and its answer. Either side opens one by naming a method; values
// may then go both ways, each direction as many as it likes, until the answering side ends
// it. A call is the common case: one value there, one value back.
//
// Whoever answers writes a [Handler]; [Func], [Stream] and [Duplex] make one of a typed Go
// function. Whoever asks has a [Caller]: a *parent.Worker, or what child.Host returns.
//
// # Values
//
// A value is anything that msgpack can encode. Two types are special, since they are never
// re-encoded, nor copied if they are large: a []byte travels as a bin, and a [wire.Payload]
// is a msgpack value already.
//
// # Errors
//
// An exchange fails in one of three ways, which errors.As and errors.Is tell apart: the
// other side said no (a [*wire.Error]), the other side died (for a worker, a
// *process.ExitError), or the caller gave up (the error of its context). A failure for
// which errors.Is(err, wire.ErrNotSent) holds reached no handler, and is safe to repeat. Any
// other error is this side's own: a value that can't be encoded, or an answer that does not
// fit what it was to be stored in.
package exchange

import (
	"context"

	"github.com/kinwire/kinwire/wire"
)

// Caller opens exchanges with the other side. Its methods may be called by any number of
// goroutines at a time.
type Caller interface {
	// Call sends in to a method and stores the answer in what out points to, as
	// [wire.Payload.Decode] does; an out of nil discards it. It returns when the answer
	// is there, when the other side has failed, or when ctx ends; then the other side is
	// told to stop. A deadline of ctx goes with the request, and is kept by both sides.
	//
	// An out of *[]byte or *wire.Payload whose slice has room for the answer gets it
	// there, so that a caller who passes the same variable again and again needs no new
	// memory for each answer; one of a nil slice gets new memory. What is in the memory of
	// out, up to its capacity, may be lost even if Call fails. It must not be that of in:
	// an answer may come before all of in is sent.
	//
	// While other exchanges use up what the other side allows, Call waits its turn. It
	// keeps no reference to in after it has returned. The end of ctx is noticed at once, or
	// within some milliseconds by the one caller who reads the link for all.
	Call(ctx context.Context, method string, in, out any) error

	// Open starts an exchange of many values, with in as the first of them; pass [None]
	// to open it without one, and a [Last] if it is the only one. The exchange lasts until
	// it has ended or ctx does, so ctx bounds the whole of it.
	Open(ctx context.Context, method string, in any) (Exchange, error)
}

// Exchange is an open exchange, held by the side that opened it. One goroutine may send
// while another receives.
type Exchange interface {
	// Send sends one more value. It waits while the other side is not ready to take
	// more. It returns io.EOF once the other side has ended the exchange: Recv says how.
	// It keeps no reference to v after it has returned.
	Send(v any) error

	// CloseSend says that no more values will be sent.
	CloseSend() error

	// Recv waits for the next value. After the last one it returns io.EOF, or the error
	// that the exchange ended with; that error stays. The value is the caller's.
	Recv() (wire.Payload, error)

	// RecvInto is Recv, but stores the value in what out points to, as Call does: in memory
	// that out has already, if that is enough.
	RecvInto(out any) error

	// Close gives up whatever is left of the exchange and tells the other side to stop.
	// Once it has ended, Close does nothing. Whoever opens an exchange and does not
	// receive until its end calls Close, or ends its context.
	Close()
}

// Request is an open exchange, held by the side that answers it. It is valid until its
// handler returns. One goroutine may send while another receives.
type Request interface {
	// Method is what was called.
	Method() string

	// Meta is what came with the request besides its values. It is valid until the handler
	// returns.
	Meta() wire.Meta

	// Recv waits for the next value. After the last one it returns io.EOF, and after an
	// error of the other side, that error. The value is valid until the handler returns;
	// a handler that keeps it longer makes a copy, as bytes.Clone does.
	Recv() (wire.Payload, error)

	// RecvInto is Recv, but stores the value in what out points to, as Caller.Call does; it
	// is the handler's for good.
	RecvInto(out any) error

	// Send sends one value of the answer. It waits while the other side is not ready to
	// take more, and fails once the context of the handler has ended. It keeps no
	// reference to v after it has returned.
	Send(v any) error

	// Reply sends the last value of the answer and ends the exchange. After it, what the
	// handler returns is of no account.
	Reply(v any) error
}

// Handler answers an exchange. Its context ends when the opener gives up, when the deadline
// has come, or when the link is going away; a handler should then return soon, since it
// keeps its place among those that may run at a time.
//
// Handlers run at the same time, each on any goroutine: one whose method has been quick of
// late may run on the goroutine that reads the link, and then holds up what has arrived
// behind it, for about 2 ms at the most. So a handler takes back what it does to its
// goroutine or thread, such as [runtime.LockOSThread], before it returns, and expects
// nothing of either.
//
// When it returns nil without a Reply, the exchange ends without a further value. An error
// ends it as a failure: a [*wire.Error] goes as it is, but for the codes that promise that
// no handler ran; any other becomes [wire.CodeFailed] with its text. A panic becomes
// [wire.CodePanicked].
type Handler func(ctx context.Context, r Request) error

// Handlers are handlers by the name of their method. "" is a method like any other, and not
// a fallback.
type Handlers map[string]Handler

// None stands for no value at all, where a value is expected.
var None none

// Last makes a value that is sent the last one of its direction: with it, Open does what
// Open and CloseSend do, and Send what Send and CloseSend do, in one message.
type Last struct{ Value any }

type none struct{}
