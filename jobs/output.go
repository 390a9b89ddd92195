package jobs

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// DefaultOutputShown is how many characters of the output are shown where nobody says.
const DefaultOutputShown = 16_000

// Output is what a job has printed, standard output and standard error together, as text:
// invalid UTF-8 is replaced.
type Output struct {
	// Head and Tail are the beginning and the end. Tail is empty if Head is all.
	Head, Tail string
	// Omitted is how many bytes are between them that are not shown.
	Omitted int64
	// End is the offset at which the output ends by now: where to go on next time.
	End int64
}

// String returns the whole text, with a line that tells where and how much is left out.
func (o Output) String() string {
	if o.Omitted == 0 {
		return o.Head + o.Tail
	}
	return o.Head + leftOut(o.Omitted) + o.Tail
}

// leftOut is the line in the place of what is left out.
func leftOut(n int64) string { return fmt.Sprintf("\n[... %d bytes are left out ...]\n", n) }

// Output returns what a job has printed by now, from an offset in bytes on: at most so many
// characters, half of them from the beginning and half from the end. If limit is zero, 16,000.
// If it is negative, all that is kept.
func (s *Store) Output(id string, from int64, limit int) (Output, error) {
	d, err := s.find(id)
	if err != nil {
		return Output{}, err
	}
	all, err := d.pieces()
	if err != nil {
		return Output{}, err
	}
	from = max(0, from)
	o := Output{End: max(from, endOf(all))}
	if limit == 0 {
		limit = DefaultOutputShown
	}
	size := o.End - from
	most := size // bytes to look at, from either end
	if limit > 0 && int64(limit) < size/utf8.UTFMax {
		most = int64(limit) * utf8.UTFMax
	}
	head, err := readBetween(all, from, min(from+most, runFrom(all, from)))
	if err != nil {
		return o, err
	}
	if int64(len(head)) == size && (limit < 0 || utf8.RuneCount(head) <= limit) {
		o.Head = strings.ToValidUTF8(string(head), "\uFFFD")
		return o, nil
	}
	tail, err := readBetween(all, max(from, o.End-most, runTo(all, o.End)), o.End)
	if err != nil {
		return o, err
	}
	if limit > 0 {
		head, tail = firstRunes(head, limit/2), lastRunes(tail, limit-limit/2)
	}
	o.Head, o.Tail = strings.ToValidUTF8(string(head), "\uFFFD"), strings.ToValidUTF8(string(tail), "\uFFFD")
	o.Omitted = size - int64(len(head)+len(tail))
	return o, nil
}

// firstRunes returns the first n characters.
func firstRunes(b []byte, n int) []byte {
	end := 0
	for ; n > 0 && end < len(b); n-- {
		_, size := utf8.DecodeRune(b[end:])
		end += size
	}
	return b[:end]
}

// lastRunes returns the last n characters.
func lastRunes(b []byte, n int) []byte {
	begin := len(b)
	for ; n > 0 && begin > 0; n-- {
		_, size := utf8.DecodeLastRune(b[:begin])
		begin -= size
	}
	return b[begin:]
}

// CopyOutput writes what a job has printed by now, from an offset on, byte for byte, and
// returns the offset at which it ends. Where something is kept no more there is a line that
// says how much.
func (s *Store) CopyOutput(w io.Writer, id string, from int64) (next int64, err error) {
	d, err := s.find(id)
	if err != nil {
		return from, err
	}
	return d.copyOutput(w, max(0, from), func(n int64) error {
		_, err := io.WriteString(w, leftOut(n))
		return err
	})
}

// Follow is CopyOutput that goes on until the job has ended, and all that it printed is
// written, or until ctx ends.
func (s *Store) Follow(ctx context.Context, w io.Writer, id string, from int64) (next int64, err error) {
	next = from
	d, err := s.find(id)
	if err != nil {
		return next, err
	}
	changes := watch(string(d), withContent)
	defer changes.close()
	for {
		r, err := s.Get(id)
		if err != nil {
			return next, err
		}
		if next, err = s.CopyOutput(w, id, next); err != nil || r.IsOver() {
			return next, err
		}
		if err := changes.await(ctx); err != nil {
			return next, err
		}
	}
}
