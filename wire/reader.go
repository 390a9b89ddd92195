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
	prefixSize  = 1 << 10  // so much of a large frame is there before it is begun
)

// Reader takes frames off a stream. It is not safe for concurrent use, but for SetLimit.
//
// Either it reads from its source itself, with Next. Or its owner reads: into Space, which
// Filled then tells of, until Frame has a frame.
//
// It never allocates what a length merely promises: memory for a large frame grows as the
// frame arrives, and is there at once only up to the size that a whole frame has had before.
type Reader struct {
	src    io.Reader
	limit  atomic.Int64
	buf    []byte
	r, w   int   // buf[r:w] is read and not yet taken
	proven int   // the size of the largest frame that has arrived whole
	large  large // the large frame that is arriving
	aside  bool  // the owner reads into buf although a large frame is arriving
}

// large is a frame that is read into memory of its own. Its zero value is none.
type large struct {
	size   int    // of the body; 0 for none
	from   int    // the first of the body's bytes that go to dst
	dst    []byte // nil to drop them
	grows  bool   // dst is the Reader's own and may be shorter than the frame
	have   int    // how many of body[from:] have arrived
	placed bool   // where they go is settled
}

// rest is how many bytes of the frame are still to arrive.
func (l *large) rest() int { return l.size - l.from - l.have }

// Frame is a frame that has arrived, or has begun to.
type Frame struct {
	// Body is the body. Of a frame that has begun it is the first part, and of one that
	// went where Place had said it is nil.
	Body []byte
	// Size is the length of the whole body.
	Size int
	// Kept says that Body is its owner's for good. Else it is valid until the next call
	// of Space, Aside or Next.
	Kept bool
	// Begun says that the rest of a large frame is still to arrive. Place may say where
	// it goes; the next Frame is then the same one, when it is whole.
	Begun bool
}

// NewReader returns a Reader whose frames are at most [DefaultMaxFrame] long. One whose
// owner reads needs no source.
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
	for {
		f, ok, err := r.Frame()
		if err != nil {
			return nil, false, err
		}
		if ok && !f.Begun {
			return f.Body, f.Kept, nil
		}
		if ok {
			continue
		}
		n, err := r.src.Read(r.Space())
		r.Filled(n)
		if n == 0 && err != nil {
			return nil, false, r.End(err)
		}
	}
}

// End returns what the end of the stream means that err tells of: io.EOF within a frame is
// io.ErrUnexpectedEOF.
func (r *Reader) End(err error) error {
	if errors.Is(err, io.EOF) && r.Partial() {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Partial reports whether a part of a frame has arrived.
func (r *Reader) Partial() bool { return r.large.size > 0 || r.w > r.r }

// Proven reports whether a body of n bytes is no larger than one that has arrived before.
func (r *Reader) Proven(n int) bool { return n <= r.proven }

// Begins reports whether the next frame is a large one of which not all has arrived.
func (r *Reader) Begins() bool {
	have := r.w - r.r - HeaderSize
	if r.large.size > 0 || have < 0 {
		return false
	}
	n := int64(binary.BigEndian.Uint32(r.buf[r.r:]))
	return n >= directFrame && n > int64(have)
}

// Frame returns the next frame, if it has arrived, or if it is a large one that has begun.
// The error is a *Violation, for a length that is 0 or over the limit.
func (r *Reader) Frame() (f Frame, ok bool, err error) {
	if r.large.size > 0 {
		return r.largeFrame()
	}
	have := r.w - r.r - HeaderSize
	if have < 0 {
		return Frame{}, false, nil
	}
	size := binary.BigEndian.Uint32(r.buf[r.r:])
	if size == 0 || int64(size) > r.limit.Load() {
		return Frame{}, false, violation(RuleFrameLength, -HeaderSize, "a length of %d; 1 to %d are allowed%s", size, r.limit.Load(), r.printed())
	}
	n := int(size)
	body := r.r + HeaderSize
	switch {
	case have >= n:
		r.r = body + n
		r.proven = max(r.proven, n)
		return Frame{Body: r.buf[body:r.r:r.r], Size: n}, true, nil
	case n >= directFrame && have >= prefixSize:
		r.r = body
		r.large = large{size: n}
		return Frame{Body: r.buf[r.r:r.w:r.w], Size: n, Begun: true}, true, nil
	}
	return Frame{}, false, nil
}

// largeFrame returns the large frame once it is whole.
func (r *Reader) largeFrame() (Frame, bool, error) {
	l := &r.large
	if !l.placed || l.rest() > 0 {
		return Frame{}, false, nil
	}
	f := Frame{Size: l.size}
	if l.grows {
		f.Body, f.Kept = l.dst, true
	}
	r.proven = max(r.proven, l.size)
	r.large = large{}
	return f, true, nil
}

// Place says where the rest of the large frame goes that has begun: from that byte of its
// body on into dst, which has room for exactly as much, or nowhere if dst is nil. It may be
// called again while the frame arrives: then dst gets what has arrived as well, unless it is
// nil.
func (r *Reader) Place(from int, dst []byte) { r.place(from, dst, false) }

func (r *Reader) place(from int, dst []byte, grows bool) {
	l := &r.large
	old := *l
	*l = large{size: l.size, from: from, dst: dst, grows: grows, placed: true}
	if old.placed {
		l.have = old.have
		copy(dst, old.dst[:min(old.have, len(old.dst))])
		return
	}
	r.r += from
	r.toLarge()
}

// toLarge moves what there is of the large frame from buf to its place.
func (r *Reader) toLarge() {
	l := &r.large
	n := min(l.rest(), r.w-r.r)
	for at, end := r.r, r.r+n; at < end; {
		c := end - at
		if dst := r.largeSpace(); dst != nil {
			c = copy(dst, r.buf[at:end])
		}
		at += c
		l.have += c
	}
	r.r += n
}

// largeSpace is where the next bytes of the large frame go; nil if they are dropped.
func (r *Reader) largeSpace() []byte {
	l := &r.large
	if l.grows && l.have == len(l.dst) {
		size := max(fullBuffer, r.proven)
		if l.have > 0 {
			size = 4 * l.have
		}
		bigger := make([]byte, min(l.size-l.from, size))
		copy(bigger, l.dst)
		l.dst = bigger
	}
	if l.dst == nil {
		return nil
	}
	return l.dst[l.have:]
}

// Space returns where the next bytes of the stream are to be put. It is never empty, and may
// be in what Place was given.
func (r *Reader) Space() []byte {
	r.placeRest()
	if r.large.size > 0 {
		if s := r.largeSpace(); s != nil {
			r.aside = false
			return s
		}
	}
	return r.Aside()
}

// placeRest settles where a large frame goes of which nobody has said it.
func (r *Reader) placeRest() {
	if r.large.size > 0 && !r.large.placed {
		r.place(0, nil, true)
	}
}

// Aside is like Space, but in the Reader's own memory whatever was placed.
func (r *Reader) Aside() []byte {
	r.placeRest()
	r.aside = true
	switch {
	case r.r == r.w:
		r.r, r.w = 0, 0
	case len(r.buf)-r.w < len(r.buf)/4:
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	if r.w == len(r.buf) {
		r.grow()
	}
	return r.buf[r.w:]
}

// Filled says that n bytes have been put where Space or Aside, whichever was asked last,
// had said.
func (r *Reader) Filled(n int) {
	if !r.aside {
		r.large.have += n
		return
	}
	full := n == len(r.buf)-r.w
	r.w += n
	if full {
		r.grow() // the other side sends more than this at a time
	}
	if r.large.placed {
		r.toLarge()
	}
}

// grow enlarges the buffer, up to its full size.
func (r *Reader) grow() {
	if len(r.buf) < fullBuffer {
		buf := make([]byte, fullBuffer)
		copy(buf, r.buf[:r.w])
		r.buf = buf
	}
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
