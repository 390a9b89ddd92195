package jsonvalue

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// DefaultLineLimit is the length of the longest line that [Lines] takes unless told
// otherwise: a payload of 16 MiB, which is the most that a frame holds, and some slack
// for what JSON needs more than msgpack does.
const DefaultLineLimit = 16<<20 + 64<<10

// byteOrderMark may begin a file of UTF-8, and is no part of its text.
const byteOrderMark = "\uFEFF"

// Line is a line that is not blank, without its end (LF or CR LF).
type Line struct {
	Number int    // counted from 1, blank lines included
	Text   []byte // valid until the next call of Next
}

// LineTooLongError says that a line is longer than the limit. The lines behind it can
// still be read.
type LineTooLongError struct {
	Number int // of the line
	Limit  int // in bytes
}

func (e *LineTooLongError) Error() string {
	return fmt.Sprintf("line %d is longer than %d bytes", e.Number, e.Limit)
}

// Lines reads lines off a stream. It keeps one line in memory at most, however long the
// lines are.
type Lines struct {
	in       *bufio.Reader
	limit    int
	number   int    // of the line read last
	long     []byte // a line that in's buffer does not hold
	skipping bool   // the line read last has more to come, which nobody wants
	err      error  // set once the stream has ended
}

// NewLines returns a reader of r's lines. A limit of 0 is [DefaultLineLimit], a negative
// one is none.
func NewLines(r io.Reader, limit int) *Lines {
	if limit == 0 {
		limit = DefaultLineLimit
	}
	return &Lines{in: bufio.NewReaderSize(r, 64<<10), limit: limit}
}

// Next returns the next line that is not blank. The last one needs no end, and a byte
// order mark at the start of the stream is passed over.
//
// A line that is longer than the limit is a [*LineTooLongError], returned as soon as
// that is known; the call after it skips the rest. Every other error is final: io.EOF at
// the end of the stream, or what the stream returned, in which case the line that it cut
// is not delivered.
func (l *Lines) Next() (Line, error) {
	for l.err == nil {
		if l.skipping {
			l.skip()
			continue
		}
		l.number++
		text, err := l.read()
		if err != nil {
			return Line{Number: l.number}, err
		}
		if len(bytes.TrimLeft(text, " \t\r")) > 0 {
			return Line{Number: l.number, Text: text}, nil
		}
	}
	return Line{}, l.err
}

// read returns the line that begins here, without its end and the byte order mark.
func (l *Lines) read() ([]byte, error) {
	// What is taken off the line below does not count.
	most := math.MaxInt
	if extra := len(byteOrderMark) + len("\r\n"); l.limit >= 0 && l.limit <= math.MaxInt-extra {
		most = l.limit + extra
	}
	part, err := l.in.ReadSlice('\n')
	text := part
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = l.long[:0]
		for {
			l.long = append(l.long, part...)
			if !errors.Is(err, bufio.ErrBufferFull) || len(l.long) > most {
				break
			}
			part, err = l.in.ReadSlice('\n')
		}
		text = l.long
	}
	l.skipping = errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !l.skipping {
		l.err = err
		if !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	if l.number == 1 {
		text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	}
	if !l.skipping {
		text = bytes.TrimSuffix(text, []byte("\n"))
		text = bytes.TrimSuffix(text, []byte("\r"))
	}
	if l.limit >= 0 && len(text) > l.limit {
		return nil, &LineTooLongError{Number: l.number, Limit: l.limit}
	}
	return text, nil
}

// skip passes over what is left of a line that is too long.
func (l *Lines) skip() {
	_, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return
	}
	l.skipping = false
	l.err = err
}
