// Package jsonvalue turns one JSON value per line into one msgpack value and back.
//
// Both directions keep the order of keys, duplicates among them, and every integer that
// fits 64 bits. What JSON cannot say is written in a form of its own, see [AppendJSON],
// which [ToMsgpack] does not turn back.
//
// Errors name what is wrong and at which byte, counted from 1.
//
// [Lines] is for one goroutine at a time; the functions are safe for concurrent use.
package jsonvalue

import (
	"fmt"

	"github.com/kinwire/kinwire/wire"
)

// maxDepth is how many arrays and maps may enclose each other in a payload: the body's
// array around it is a level of its own.
const maxDepth = wire.MaxDepth - 1

// errorAt says what is wrong with the byte at offset at.
func errorAt(at int, format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", at+1, fmt.Sprintf(format, args...))
}

// depthError says that the container at offset at is one level too deep.
func depthError(at int) error {
	return errorAt(at, "nested more than %d levels deep", maxDepth)
}
