package wire

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotSent marks a failed call that is safe to repeat, for errors.Is: no handler has
// run for it, since its request never left or was refused before it reached one.
var ErrNotSent = errors.New("no handler has run")

// Code says which kind of error an error map is. Codes that are not listed here are the
// application's.
type Code = string

// The codes of the protocol.
const (
	// These three promise that no handler ran.
	CodeUnknownMethod Code = "unknown_method"
	CodeOverloaded    Code = "overloaded"
	CodeShuttingDown  Code = "shutting_down"

	CodeBadInput           Code = "bad_input"
	CodeFailed             Code = "failed"
	CodePanicked           Code = "panicked"
	CodeCanceled           Code = "canceled"
	CodeDeadlineExceeded   Code = "deadline_exceeded"
	CodeTooLarge           Code = "too_large"
	CodeUnsupportedVersion Code = "unsupported_version"
)

// Codes are all codes of the protocol, in the order of SPEC.md.
var Codes = []Code{
	CodeUnknownMethod, CodeOverloaded, CodeShuttingDown, CodeBadInput, CodeFailed, CodePanicked,
	CodeCanceled, CodeDeadlineExceeded, CodeTooLarge, CodeUnsupportedVersion,
}

// Error is the error map: what one side answers when it can't do what was asked. A
// handler returns one to choose the code; a caller finds it with errors.As.
type Error struct {
	Code    Code
	Message string
	// Data is any further value, or nil. It refers to the body it came in.
	Data Payload
}

// Errorf makes an Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns the code and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// NotRun reports whether the code promises that no handler ran.
func (e *Error) NotRun() bool {
	switch e.Code {
	case CodeUnknownMethod, CodeOverloaded, CodeShuttingDown:
		return true
	}
	return false
}

// Is makes errors.Is(err, ErrNotSent) hold for the codes which promise that no handler ran,
// and errors.Is(err, context.DeadlineExceeded) for the deadline, which both sides keep:
// whichever notices first, the caller asks the same question.
func (e *Error) Is(target error) bool {
	return target == ErrNotSent && e.NotRun() ||
		target == context.DeadlineExceeded && e.Code == CodeDeadlineExceeded
}

// maxDataDepth is how deep the data of an error map may be nested, in whichever message it
// goes: Initialized has the most levels around it.
const maxDataDepth = MaxDepth - 3

// Append adds the error map, one msgpack value, to dst. Data that would break the frame, by
// being no msgpack value or too deep a one, is left out.
func (e *Error) Append(dst []byte) []byte {
	data := e.Data
	if end, err := scan(data, 0, maxDataDepth); err != nil || end != len(data) {
		data = nil
	}
	n := 2
	if data != nil {
		n = 3
	}
	dst = appendMapLen(dst, n)
	dst = appendStr(appendStr(dst, "code"), e.Code)
	dst = appendStr(appendStr(dst, "message"), e.Message)
	if data != nil {
		dst = append(appendStr(dst, "data"), data...)
	}
	return dst
}

// ParseError reads an error map, the payload of a frame with [FlagError]. It never fails:
// whatever is no error map was an error all the same, and becomes [CodeFailed].
func ParseError(p Payload) *Error {
	c := cursor{b: p}
	e := &Error{}
	if Check(p) != nil || !c.isMap() || c.errorMap(e) != nil {
		return Errorf(CodeFailed, "the error has no readable error map")
	}
	return e
}
