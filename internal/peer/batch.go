package peer

import (
	"bytes"
	"slices"
	"sort"
)

// batchLimit is how much is given to the link at a time, unless one frame is larger.
const batchLimit = 64 << 10

// advanceLocked drops n bytes from the batch.
func (s *sender) advanceLocked(n int) {
	s.gone += n
	s.total += uint64(n)
	for n > 0 {
		b := s.batch[0]
		if n < len(b) {
			s.batch[0] = b[n:]
			return
		}
		n -= len(b)
		s.batch[0] = nil
		s.batch = s.batch[1:]
	}
	if len(s.batch) == 0 {
		s.written = s.batchEnd
		for _, w := range s.waits {
			s.wake(w)
		}
		s.waits = s.waits[:0]
	}
}

// nothingLocked reports whether nothing is to be written.
func (s *sender) nothingLocked() bool {
	return len(s.batch) == 0 && len(s.urgent) == 0 && len(s.frames) == 0
}

// nextBatchLocked makes sure that there is something to write, and reports whether there is:
// what is left of the last batch, else everything urgent and then frames up to batchLimit.
func (s *sender) nextBatchLocked() bool {
	if s.err != nil {
		return false
	}
	if len(s.batch) > 0 {
		s.hurryLocked()
		return true
	}
	s.recycleLocked()
	total := len(s.urgent)
	s.hurried = total
	if total > 0 {
		s.batch = append(s.batch, s.urgent)
		s.urgent, s.urgentSpare = s.urgentSpare[:0], s.urgent
	}
	from, size, taken := s.off, 0, 0
	for _, f := range s.frames {
		n := f.end - s.off + len(f.payload)
		if size > 0 && size+n > batchLimit {
			break
		}
		taken++
		s.starts = append(s.starts, total+size)
		if f.wait != nil {
			s.waits = append(s.waits, f.wait)
		}
		if f.skip {
			s.appendBatchLocked(from, s.off)
			from = f.end
		} else {
			size += n
			s.queued -= n
			if f.bound == byLimit {
				s.owed -= n
			}
		}
		s.off = f.end
		if f.payload != nil {
			s.appendBatchLocked(from, f.end)
			from = f.end
			s.batch = append(s.batch, f.payload)
		}
	}
	s.appendBatchLocked(from, s.off)
	s.frames = slices.Delete(s.frames, 0, taken)
	s.batchEnd += uint64(taken)
	s.admitLocked()
	s.store = s.batch
	if len(s.batch) == 0 {
		s.written = s.batchEnd // all that was queued had been taken back
		return false
	}
	return true
}

// hurryLocked puts what is urgent into what is left of a batch: behind the frame of which the
// link has taken a part, and before all others.
//
// It does so once what was urgent before is written: what is in a batch counts no more
// towards owedLimit.
func (s *sender) hurryLocked() {
	if len(s.urgent) == 0 || s.gone < s.hurried {
		return
	}
	i := sort.SearchInts(s.starts, s.gone)
	rest := s.batch
	var first int // bytes of the frame that is being written
	if i < len(s.starts) {
		first = s.starts[i] - s.gone
	} else {
		for _, b := range rest {
			first += len(b)
		}
	}
	s.hurried = s.gone + first + len(s.urgent)
	batch := make([][]byte, 0, len(rest)+2)
	for len(rest) > 0 && first >= len(rest[0]) {
		first -= len(rest[0])
		batch, rest = append(batch, rest[0]), rest[1:]
	}
	if first > 0 {
		batch = append(batch, rest[0][:first])
	}
	batch = append(batch, bytes.Clone(s.urgent))
	if len(rest) > 0 {
		batch = append(append(batch, rest[0][first:]), rest[1:]...)
	}
	for ; i < len(s.starts); i++ {
		s.starts[i] += len(s.urgent)
	}
	clear(s.store) // of references to what it held
	s.urgent, s.store, s.batch = s.urgent[:0], batch, batch
}

func (s *sender) appendBatchLocked(from, to int) {
	if from < to {
		s.batch = append(s.batch, s.bytes[from:to])
	}
}

// recycleLocked makes room in buffers, of which nothing is being written.
func (s *sender) recycleLocked() {
	const keep = 1 << 20
	s.batch, s.starts, s.gone = s.store[:0], s.starts[:0], 0
	if len(s.frames) == 0 {
		s.bytes, s.off = s.bytes[:0], 0
		if cap(s.bytes) > keep {
			s.bytes = nil
		}
		return
	}
	if s.off > roomLimit {
		n := copy(s.bytes, s.bytes[s.off:])
		s.bytes = s.bytes[:n]
		for i := range s.frames {
			s.frames[i].end -= s.off
		}
		s.off = 0
	}
}
