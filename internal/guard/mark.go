//go:build unix

package guard

import (
	"bytes"
	"strconv"
)

// markVar is the environment variable that marks what a start has started, and whatever
// that starts in turn: "<host>.<start>". Nobody has to look at it or to remove it.
const markVar = "KINWIRE_GUARD"

// mark returns the whole variable.
func mark(host, start uint64) string {
	return markVar + "=" + strconv.FormatUint(host, 16) + "." + strconv.FormatUint(start, 10)
}

// startOf returns which of the host's starts an environment, as /proc has it, is marked
// with, or 0.
func startOf(environ []byte, host uint64) uint64 {
	prefix := []byte(markVar + "=" + strconv.FormatUint(host, 16) + ".")
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if number, ok := bytes.CutPrefix(entry, prefix); ok {
			start, _ := strconv.ParseUint(string(number), 10, 64)
			return start
		}
	}
	return 0
}
