package process

// tailSize is how much of each stream the exit report keeps.
const tailSize = 64 << 10

// tail keeps the last max bytes that were written to it, and takes no more memory than was
// written.
type tail struct {
	max   int
	buf   []byte
	start int   // of the oldest byte, once buf is full
	total int64 // bytes ever written
}

// write adds b, and forgets as much at the front.
func (t *tail) write(b []byte) {
	t.total += int64(len(b))
	if len(b) > t.max {
		b = b[len(b)-t.max:]
	}
	room := min(t.max-len(t.buf), len(b))
	if need := len(t.buf) + room; need > cap(t.buf) {
		t.buf = append(make([]byte, 0, min(t.max, max(need, 2*cap(t.buf)))), t.buf...)
	}
	t.buf = append(t.buf, b[:room]...)
	for b = b[room:]; len(b) > 0; {
		n := copy(t.buf[t.start:], b)
		t.start = (t.start + n) % t.max
		b = b[n:]
	}
}

// bytes returns a copy of what is kept, oldest first.
func (t *tail) bytes() []byte {
	return append(append([]byte(nil), t.buf[t.start:]...), t.buf[:t.start]...)
}

// cut returns how many bytes were forgotten.
func (t *tail) cut() int64 { return t.total - int64(len(t.buf)) }
