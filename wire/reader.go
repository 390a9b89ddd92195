package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

const (
	firstBuffer = 4 << 10  // what an idle link holds
	fullBuffer  = 64 << 10 // what a busy link reads at a time
	directFrame = 16 << 10 // frames from here on are read into memory of their own
)

// Reader takes frames off a stream. It is not safe for concurrent use, but for SetLimit.
//
// It never allocates what a length merely promises: memory for a large frame grows as the
// frame arrives, and is there at once only up to the size that a whole frame has had before.
type Reader struct {
	src    io.Reader
	limit  atomic.Int64
	buf    []byte
	r, w   int // buf[r:w] is read and not yet taken
	proven int // the size of the largest frame that has arrived whole
}

// NewReader returns a Reader whose frames are at most [DefaultMaxFrame] long.
func NewReader(src io.Reader) *Reader {
	r := &Reader{src: src, buf: make([]byte, firstBuffer)}
	r.SetLimit(DefaultMaxFrame)
	return r
}

// SetLimit sets how long a body may be from the next length on that arrives. It may be
// called while another goroutine is in Next.
func (r *Reader) SetLimit(n int) { r.limit.Store(int64(n)) }

// Next waits for a whole frame and returns its body. A body that is kept is the caller's;
// one that is not lies in the Reader's buffer and is valid until the next call of Next.
//
// It returns io.EOF at the end of the stream between two frames, io.ErrUnexpectedEOF inside
// one, a *Violation for a length that is 0 or over the limit, and otherwise the error of the
// stream. After an error the stream is of no further use.
func (r *Reader) Next() (body []byte, kept bool, err error) {
	if err := r.fill(HeaderSize); err != nil {
		return nil, false, err
	}
	size := binary.BigEndian.Uint32(r.buf[r.r:])
	if size == 0 || int64(size) > r.limit.Load() {
		return nil, false, violation(RuleFrameLength, -HeaderSize, "a length of %d; 1 to %d are allowed%s", size, r.limit.Load(), r.printed())
	}
	n := int(size)
	if n >= directFrame && r.w-r.r < HeaderSize+n {
		r.r += HeaderSize
		body, err = r.direct(n)
		return body, true, err
	}
	if err := r.fill(HeaderSize + n); err != nil {
		return nil, false, err
	}
	body = r.buf[r.r+HeaderSize : r.r+HeaderSize+n : r.r+HeaderSize+n]
	r.r += HeaderSize + n
	r.proven = max(r.proven, n)
	return body, false, nil
}

// printed quotes what looks like text where a length should be: something has printed into
// the stream.
func (r *Reader) printed() string {
	const enough = 60
	text := r.buf[r.r:min(r.w, r.r+enough)]
	for _, c := range text[:HeaderSize] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 0x1b || c > '~' {
			return ""
		}
	}
	return fmt.Sprintf("; the bytes are %q, as if something had printed into the stream", text)
}

// fill reads until n bytes are in the buffer, which n always fits in.
func (r *Reader) fill(n int) error {
	if r.r == r.w {
		r.r, r.w = 0, 0
	}
	for r.w-r.r < n {
		if len(r.buf)-r.r < n {
			r.w = copy(r.buf, r.buf[r.r:r.w])
			r.r = 0
			if len(r.buf) < n {
				r.grow()
			}
		}
		got, err := r.src.Read(r.buf[r.w:])
		r.w += got
		if r.w == len(r.buf) && r.r == 0 {
			r.grow() // the other side sends more than this at a time
		}
		if got == 0 && err != nil {
			if errors.Is(err, io.EOF) && r.w > r.r {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// grow enlarges the buffer, up to its full size.
func (r *Reader) grow() {
	if len(r.buf) < fullBuffer {
		buf := make([]byte, fullBuffer)
		copy(buf, r.buf[:r.w])
		r.buf = buf
	}
}

// direct reads a body of n bytes into memory of its own.
func (r *Reader) direct(n int) ([]byte, error) {
	body := make([]byte, min(n, max(fullBuffer, r.proven)))
	have := copy(body, r.buf[r.r:r.w])
	r.r += have
	for have < n {
		if have == len(body) {
			bigger := make([]byte, min(n, 4*have))
			copy(bigger, body)
			body = bigger
		}
		got, err := r.src.Read(body[have:])
		have += got
		if got == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	r.proven = max(r.proven, n)
	return body, nil
}
