//go:build unix

package role

import "strconv"

// MarkVar is the environment variable that marks what a start has started, and whatever that
// starts in turn: "<host>.<start>". Nobody has to look at it or to remove it.
const MarkVar = "KINWIRE_GUARD"

// Mark returns the whole variable.
func Mark(host, start uint64) string {
	return MarkVar + "=" + strconv.FormatUint(host, 16) + "." + strconv.FormatUint(start, 10)
}

// startOf returns which of the host's starts an environment, as /proc has it, is marked
// with, or 0.
func startOf(environ []byte, host uint64) uint64 {
	prefix := MarkVar + "=" + strconv.FormatUint(host, 16) + "."
	for len(environ) > 0 {
		end := 0
		for end < len(environ) && environ[end] != 0 {
			end++
		}
		if number, ok := cutPrefix(string(environ[:end]), prefix); ok {
			start, _ := strconv.ParseUint(number, 10, 64)
			return start
		}
		environ = environ[min(end+1, len(environ)):]
	}
	return 0
}
