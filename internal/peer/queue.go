package peer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

const (
	// copyLimit is the size up to which a payload is copied into the queue. A larger one
	// stays where it is, and its sender waits until it is written.
	copyLimit = 8 << 10
	// roomLimit is how much may be queued before senders of values have to wait.
	roomLimit = 256 << 10
	// owedLimit is how much may be queued of what the other side has asked for and nothing
	// else bounds: one that asks for so much and reads none of it has failed.
	owedLimit = 1 << 20
)

var (
	errTooLarge   = errors.New("the frame is over the other side's limit")
	errNotReading = errors.New("the other side does not read what it is sent")
	errSaidLast   = errors.New("nothing can be sent any more")
)

// bound says what keeps a kind of frame from filling the queue.
type bound uint8

const (
	byRoom  bound = iota // it has waited for room, or there is one of it for an exchange
	byLimit              // nothing but owedLimit: it answers what the other side sends
)

// frame is one queued frame.
type frame struct {
	end     int     // where its bytes in sender.bytes end
	payload []byte  // what follows them: a large payload, by reference
	skip    bool    // taken back
	bound   bound   // what keeps its kind from filling the queue
	wait    *waiter // of whoever waits until it is written
}

// sender is the transmit queue of a link. All of it is guarded by mu, which is the peer's.
//
// A frame has a number. Frames from batchEnd on are queued; those from written to batchEnd
// are in the batch that the link is being given; those before are written.
type sender struct {
	conn     transport.Conn
	maxFrame int
	failed   func(error) // told of err, with the lock
	wake     func(*waiter)
	err      error
	closed   bool // the last frame is queued

	urgent, urgentSpare []byte // whole frames that go before the next batch

	bytes    []byte // heads and small payloads of all frames, queued or in the batch
	off      int    // in bytes, of the first queued frame
	frames   []frame
	batchEnd uint64 // number of frames[0]
	queued   int    // bytes of queued frames, payloads included
	owed     int    // those that only owedLimit bounds

	batch    [][]byte // what is left of what the link is being given: the end of store
	store    [][]byte
	starts   []int     // where in the whole batch each of its frames begins
	waits    []*waiter // of those who wait until the batch is written
	gone     int       // how much of the whole batch the link has taken
	hurried  int       // where in the whole batch its urgent part ends
	written  uint64
	total    uint64    // bytes that the link has taken, ever
	inWrite  bool      // somebody is in a write, without the lock
	wrote    sync.Cond // that write is over
	full     bool      // the link has not taken all of the batch
	attended bool      // somebody waits until it is not full, or goes on writing

	room []*waiter // those who wait until the queue is not full, in order
}

// commitLocked completes the frame whose head was appended to bytes at from, and queues it.
// The head says that v follows. It returns the frame's number.
func (s *sender) commitLocked(from int, v value, b bound) (uint64, error) {
	body := len(s.bytes) - from - wire.HeaderSize + v.size()
	err := s.err
	switch {
	case err != nil:
	case s.closed:
		err = errSaidLast
	case body > s.maxFrame:
		err = errTooLarge
	case b == byLimit && s.owed > owedLimit:
		err = errNotReading
	}
	if err != nil {
		s.bytes = s.bytes[:from]
		if err == errNotReading {
			s.failLocked(err)
		}
		return 0, err
	}
	s.bytes = v.appendHead(s.bytes)
	f := frame{bound: b}
	if len(v.raw) <= copyLimit {
		s.bytes = append(s.bytes, v.raw...)
	} else {
		f.payload = v.raw
	}
	f.end = len(s.bytes)
	s.frames = append(s.frames, f)
	s.queued += wire.HeaderSize + body
	if b == byLimit {
		s.owed += wire.HeaderSize + body
	}
	return s.batchEnd + uint64(len(s.frames)) - 1, nil
}

// message is whatever can add itself to a buffer as a frame.
type message interface{ Append([]byte) []byte }

// urgentLocked queues a message ahead of all frames. Nothing follows the last frame.
func (s *sender) urgentLocked(m message) {
	if s.takesUrgentLocked() {
		s.urgent = m.Append(s.urgent)
	}
}

// takesUrgentLocked reports whether one more urgent message may be queued.
func (s *sender) takesUrgentLocked() bool {
	switch {
	case s.err != nil, s.closed:
		return false
	case len(s.urgent) > owedLimit:
		s.failLocked(errNotReading)
		return false
	}
	return true
}

// queueLocked queues a message in turn, and returns its number.
func (s *sender) queueLocked(m message, b bound) (uint64, error) {
	from := len(s.bytes)
	s.bytes = m.Append(s.bytes)
	return s.commitLocked(from, value{}, b)
}

// failLocked makes the sender fail everybody.
func (s *sender) failLocked(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	for _, f := range s.frames {
		s.wake(f.wait)
	}
	for _, w := range slices.Concat(s.waits, s.room) {
		s.wake(w)
	}
	s.waits, s.room = nil, nil
	s.failed(err)
	s.dropLocked()
}

// dropLocked forgets what will never be written, once nobody is in a write.
func (s *sender) dropLocked() {
	if s.err != nil && !s.inWrite {
		s.urgent, s.urgentSpare = nil, nil
		s.bytes, s.frames, s.batch, s.store = nil, nil, nil, nil
	}
}

// fullLocked reports whether a value has to wait before it may be queued.
func (s *sender) fullLocked() bool { return s.queued > roomLimit }

// waitRoomLocked waits, without the lock, until there is room for one more value of x.
func (p *Peer) waitRoomLocked(ctx context.Context, x *stream) error {
	s, w := &p.out, x.out.wait.join()
	defer x.out.wait.leave(w)
	var err error
	for waits := false; s.err == nil && (s.fullLocked() || !waits && len(s.room) > 0) && err == nil; waits = true {
		s.room = append(s.room, w)
		p.flushLocked()
		w.forQueue = true
		err = p.awaitLocked(ctx, x, w)
		w.forQueue = false
		s.room = slices.DeleteFunc(s.room, func(o *waiter) bool { return o == w })
	}
	s.admitLocked() // whoever is next, if there is still room or this one does not need it
	return cmp.Or(s.err, err)
}

// admitLocked wakes whoever has waited longest for room, if there is some.
func (s *sender) admitLocked() {
	if len(s.room) > 0 && !s.fullLocked() {
		s.wake(s.room[0])
	}
}

// tellLocked has w woken once a frame is written.
func (s *sender) tellLocked(seq uint64, w *waiter) {
	switch {
	case seq < s.written:
		s.wake(w)
	case seq < s.batchEnd:
		if !slices.Contains(s.waits, w) {
			s.waits = append(s.waits, w)
		}
	default:
		s.frames[seq-s.batchEnd].wait = w
	}
}

// leftLocked reports whether the link has taken a frame, in part at least. During a write
// nobody knows, and all that is being written counts as taken: the other side may have it.
func (s *sender) leftLocked(seq uint64) bool {
	switch {
	case seq < s.written:
		return true
	case seq < s.batchEnd:
		return s.inWrite || s.starts[seq-s.written] < s.gone
	}
	return false
}

// takeBackLocked removes a frame that is not in the batch, and reports whether it could.
func (s *sender) takeBackLocked(seq uint64) bool {
	switch {
	case s.err != nil:
		return !s.leftLocked(seq)
	case seq < s.batchEnd:
		return false
	}
	i := int(seq - s.batchEnd)
	f := &s.frames[i]
	if !f.skip {
		size := f.end - s.startLocked(i) + len(f.payload)
		s.queued -= size
		f.skip, f.payload, f.wait = true, nil, nil
		s.admitLocked()
	}
	return true
}

func (s *sender) startLocked(i int) int {
	if i == 0 {
		return s.off
	}
	return s.frames[i-1].end
}

// detachLocked makes the queue keep no reference to the payload of a frame whose sender
// does not wait until it is written: the payload is copied.
func (s *sender) detachLocked(seq uint64) {
	for s.inWrite && seq >= s.written && seq < s.batchEnd {
		s.wrote.Wait() // not for long, since a write never waits
	}
	switch {
	case s.err != nil, seq < s.written:
	case seq < s.batchEnd:
		for i := range s.batch {
			s.batch[i] = bytes.Clone(s.batch[i])
		}
	default:
		f := &s.frames[seq-s.batchEnd]
		f.payload, f.wait = bytes.Clone(f.payload), nil
	}
}
