package exchange

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/kinwire/kinwire/wire"
)

// Func makes a Handler of a function that turns one value into another. A value that can't
// be decoded is answered with [wire.CodeBadInput]; no value at all is the zero value.
//
// An In of []byte or wire.Payload is the request's own memory, and valid until f returns; f
// may return it, or a part of it, as its answer.
func Func[In, Out any](f func(context.Context, In) (Out, error)) Handler {
	return func(ctx context.Context, r Request) error {
		in, err := first[In](r)
		if err != nil {
			return err
		}
		out, err := f(ctx, in)
		if err != nil {
			return err
		}
		return reply(r, out)
	}
}

// Stream makes a Handler of a function that answers one value with many. The first error
// ends the answer.
//
// An In of []byte or wire.Payload is the request's own memory, and valid until the sequence
// has ended. Of what the sequence yields, no reference is kept when yield has returned, so
// that it may yield the same memory again.
func Stream[In, Out any](f func(context.Context, In) iter.Seq2[Out, error]) Handler {
	return func(ctx context.Context, r Request) error {
		in, err := first[In](r)
		if err != nil {
			return err
		}
		return sendAll(r, f(ctx, in))
	}
}

// Duplex makes a Handler of a function that answers many values with many. The sequence it
// is given yields an error at most once, as its last; the first error that it yields itself
// ends the answer. Memory is as with [Stream]: each In of []byte or wire.Payload is valid
// until the answer has ended.
func Duplex[In, Out any](f func(context.Context, iter.Seq2[In, error]) iter.Seq2[Out, error]) Handler {
	return func(ctx context.Context, r Request) error {
		return sendAll(r, f(ctx, values[In](r, badInput)))
	}
}

// Values receives what is left of an exchange, decoded as T. It yields an error at most
// once, as its last, with a T that is of no account. Whoever stops before the end closes the
// exchange by that, and so does a value that can't be decoded.
func Values[T any](x Exchange) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		defer x.Close()
		values[T](x, func(err error) error { return err })(yield)
	}
}

// Call calls a method and returns its answer as a T.
func Call[T any](ctx context.Context, c Caller, method string, in any) (out T, err error) {
	err = c.Call(ctx, method, in, &out)
	return out, err
}

// first receives the only value of a request.
func first[In any](r Request) (in In, err error) {
	p, err := r.Recv()
	if errors.Is(err, io.EOF) {
		return in, nil
	}
	if err != nil {
		return in, err
	}
	if in, err = decode[In](p); err != nil {
		return in, badInput(err)
	}
	return in, nil
}

// decode decodes p as a T. What is bytes already costs no allocation.
func decode[T any](p wire.Payload) (v T, err error) {
	switch v := any(&v).(type) {
	case *wire.Payload:
		*v = p
	case *[]byte:
		b, ok := p.Bin()
		if !ok {
			return decodeAny[T](p)
		}
		*v = b
	default:
		return decodeAny[T](p)
	}
	return v, nil
}

func decodeAny[T any](p wire.Payload) (v T, err error) {
	err = p.Decode(&v)
	return v, err
}

// reply sends the last value of an answer. A Request may offer to take bytes as they are,
// since an any of them would have to be allocated.
func reply[Out any](r Request, out Out) error {
	switch out := any(out).(type) {
	case []byte:
		if r, ok := r.(interface{ ReplyBytes([]byte) error }); ok {
			return r.ReplyBytes(out)
		}
	case wire.Payload:
		if r, ok := r.(interface{ ReplyPayload(wire.Payload) error }); ok {
			return r.ReplyPayload(out)
		}
	}
	return r.Reply(out)
}

// badInput is what a handler says of a value that it can't decode.
func badInput(err error) error { return wire.Errorf(wire.CodeBadInput, "%v", err) }

func sendAll[Out any](r Request, seq iter.Seq2[Out, error]) error {
	for out, err := range seq {
		if err != nil {
			return err
		}
		if err := r.Send(out); err != nil {
			return err
		}
	}
	return nil
}

type receiver interface {
	Recv() (wire.Payload, error)
}

// values yields what r receives. A value that can't be decoded ends the sequence with what
// undecodable makes of the error.
func values[T any](r receiver, undecodable func(error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			var v T
			p, err := r.Recv()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				if err = p.Decode(&v); err != nil {
					err = undecodable(err)
				}
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}
