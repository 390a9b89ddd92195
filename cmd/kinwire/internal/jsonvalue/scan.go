package jsonvalue

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// due is what may come next in a JSON text.
type due string

const (
	dueValue      due = "a JSON value"
	dueItem       due = "a JSON value or ']'"  // behind '['
	dueMember     due = "a string or '}'"      // behind '{'
	dueName       due = "a string"             // behind ',' in an object
	dueColon      due = "':'"                  // behind a name
	dueItemEnd    due = "',' or ']'"           // behind an item
	dueMemberEnd  due = "',' or '}'"           // behind a member's value
	dueNothing    due = "nothing more"         // behind the value
	dueDigit      due = "a digit"              // in a number
	dueString     due = "the end of a string"  // in a string
	dueEscape     due = `one of "\/bfnrtu`     // in a string, behind a backslash
	dueHexDigit   due = "a hexadecimal digit"  // in a string, behind \u
	dueNonControl due = "no control character" // in a string
)

// level is an array or an object that is still open.
type level struct {
	index  int // of its count
	object bool
}

// scan checks that line is one JSON value which nests no deeper than a payload may. It
// returns how many items each array and object has, in the order of their opening
// brackets: msgpack writes that number first.
//
// It is no use of encoding/json because the offsets and texts of its errors are not the
// same in all versions; a fuzz test holds that the two accept the same.
func scan(line []byte) (counts []uint32, err error) {
	var open [maxDepth]level
	depth := 0
	next := dueValue
	// What comes behind a whole value depends on what it stands in.
	behind := func() due {
		switch {
		case depth == 0:
			return dueNothing
		case open[depth-1].object:
			return dueMemberEnd
		default:
			return dueItemEnd
		}
	}
	for i := spaceEnd(line, 0); ; i = spaceEnd(line, i) {
		if i == len(line) {
			if next == dueNothing {
				return counts, nil
			}
			return nil, unexpected(line, i, next)
		}
		c := line[i]
		switch {
		case c == ']' && (next == dueItem || next == dueItemEnd),
			c == '}' && (next == dueMember || next == dueMemberEnd):
			if next == dueItemEnd || next == dueMemberEnd {
				counts[open[depth-1].index]++ // commas and one
			}
			depth--
			next = behind()
			i++
		case c == ',' && (next == dueItemEnd || next == dueMemberEnd):
			counts[open[depth-1].index]++
			next = dueValue
			if open[depth-1].object {
				next = dueName
			}
			i++
		case c == ':' && next == dueColon:
			next = dueValue
			i++
		case c == '"' && (next == dueMember || next == dueName):
			if i, err = checkString(line, i); err != nil {
				return nil, err
			}
			next = dueColon
		case next != dueValue && next != dueItem:
			return nil, unexpected(line, i, next)
		case c == '[' || c == '{':
			if depth == maxDepth {
				return nil, depthError(i)
			}
			open[depth] = level{index: len(counts), object: c == '{'}
			depth++
			counts = append(counts, 0)
			next = dueItem
			if c == '{' {
				next = dueMember
			}
			i++
		default:
			if i, err = checkScalar(line, i, next); err != nil {
				return nil, err
			}
			next = behind()
		}
	}
}

// unexpected says that line[at] is not what is due.
func unexpected(line []byte, at int, want due) error {
	got := "the end of the input"
	if at < len(line) {
		r, size := utf8.DecodeRune(line[at:])
		got = strconv.QuoteRune(r)
		if r == utf8.RuneError && size == 1 {
			got = "0x" + strconv.FormatUint(uint64(line[at]), 16)
		}
	}
	return errorAt(at, "expected %s, got %s", want, got)
}

// spaceEnd returns the offset of the first byte from at on that is no white space.
func spaceEnd(line []byte, at int) int {
	for at < len(line) && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r' || line[at] == '\n') {
		at++
	}
	return at
}

// checkScalar returns the offset behind the scalar that begins at line[at], where want
// is due.
func checkScalar(line []byte, at int, want due) (end int, err error) {
	switch c := line[at]; {
	case c == '"':
		return checkString(line, at)
	case c == '-' || isDigit(c):
		return checkNumber(line, at)
	}
	for _, literal := range []string{"null", "true", "false"} {
		if line[at] != literal[0] {
			continue
		}
		for i := range len(literal) {
			if at+i == len(line) || line[at+i] != literal[i] {
				return 0, unexpected(line, at+i, due(literal))
			}
		}
		return at + len(literal), nil
	}
	return 0, unexpected(line, at, want)
}

// checkString returns the offset behind the string that begins at line[at]. It lets
// invalid UTF-8 and lone surrogates pass.
func checkString(line []byte, at int) (end int, err error) {
	for i := at + 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			return i + 1, nil
		case c < ' ':
			return 0, unexpected(line, i, dueNonControl)
		case c == '\\':
			i++
			if i == len(line) || strings.IndexByte(`"\/bfnrtu`, line[i]) < 0 {
				return 0, unexpected(line, i, dueEscape)
			}
			if line[i] != 'u' {
				continue
			}
			for range 4 {
				i++
				if i == len(line) || !isHexDigit(line[i]) {
					return 0, unexpected(line, i, dueHexDigit)
				}
			}
		}
	}
	return 0, unexpected(line, len(line), dueString)
}

// checkNumber returns the offset behind the number that begins at line[at].
func checkNumber(line []byte, at int) (end int, err error) {
	if line[at] == '-' {
		at++
	}
	if at < len(line) && line[at] == '0' {
		at++ // no digit may follow
	} else if at, err = checkDigits(line, at); err != nil {
		return 0, err
	}
	if at < len(line) && line[at] == '.' {
		if at, err = checkDigits(line, at+1); err != nil {
			return 0, err
		}
	}
	if at < len(line) && (line[at] == 'e' || line[at] == 'E') {
		at++
		if at < len(line) && (line[at] == '+' || line[at] == '-') {
			at++
		}
		return checkDigits(line, at)
	}
	return at, nil
}

// checkDigits returns the offset behind the digits at line[at], of which there must be
// one.
func checkDigits(line []byte, at int) (end int, err error) {
	end = at
	for end < len(line) && isDigit(line[end]) {
		end++
	}
	if end == at {
		return 0, unexpected(line, at, dueDigit)
	}
	return end, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHexDigit(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
