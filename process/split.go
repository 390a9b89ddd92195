package process

import "bytes"

// defaultMaxLine is the longest piece of a line that is handed out, where Command.MaxLine
// does not say.
const defaultMaxLine = 64 << 10

// splitter cuts a stream into lines, and lines into pieces of at most max bytes.
type splitter struct {
	max   int
	begun []byte // the line that has no end yet, at most max of it
}

// write hands out the lines that b completes, whose text is valid only during the call.
func (s *splitter) write(b []byte, emit func(text []byte, continues bool)) {
	for len(b) > 0 {
		newline := bytes.IndexByte(b, '\n')
		rest := b
		if newline >= 0 {
			rest = b[:newline]
		}
		switch {
		case newline < 0:
			s.add(rest, emit)
			return
		case len(s.begun) == 0 && len(rest) <= s.max: // the whole line is here
			emit(rest, false)
		default:
			s.add(rest, emit)
			s.finish(emit)
		}
		b = b[newline+1:]
	}
}

// add adds part of a line. A piece is handed out only when there is more of its line.
func (s *splitter) add(part []byte, emit func(text []byte, continues bool)) {
	for len(part) > 0 {
		if len(s.begun) == s.max {
			emit(s.begun, true)
			s.begun = s.begun[:0]
		}
		n := min(s.max-len(s.begun), len(part))
		s.begun = append(s.begun, part[:n]...)
		part = part[n:]
	}
}

// finish hands out the line that ends here.
func (s *splitter) finish(emit func(text []byte, continues bool)) {
	emit(s.begun, false)
	s.begun = s.begun[:0]
	if cap(s.begun) > idleBytes {
		s.begun = nil
	}
}

// end hands out the last line if it has no newline.
func (s *splitter) end(emit func(text []byte, continues bool)) {
	if len(s.begun) > 0 {
		s.finish(emit)
	}
}
