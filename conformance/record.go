package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// record is what has happened on a link, as far as the host knows. Each frame that comes is
// held against the rules that a worker has to keep, in rules.go and rules_exchange.go; the
// first one that it breaks is kept.
//
// What the host sends is noted before it is written, so that no answer can overtake it.
type record struct {
	hello     wire.Initialize   // what the host has announced; zero before Initialize
	greeted   bool              // Initialize is sent
	info      *wire.Initialized // what the worker has answered; nil before
	infoFrame []byte            // and in which bytes

	exchanges map[uint64]*exchange // opened by the host, by id
	hostCalls map[uint64]*hostCall // opened by the worker, by id
	asked     map[uint64]int       // by seq, how many Pings were sent and not yet answered
	pongs     []pong
	logs      []wire.Log
	acks      []ack
	shutdowns int           // those that were sent
	signaled  bool          // SIGTERM was sent
	provoked  bool          // the host has broken a rule
	hungUp    bool          // the host has closed the link
	exiting   *wire.Exiting // the worker's last frame; nil before

	events  int      // frames that have come, by which their order is told
	bytes   int      // of them
	broken  *failure // the first rule that the worker has broken
	ended   bool     // the link has ended
	endedBy error
	grants  [][]byte // Credit that is to be sent
	manual  bool     // the case grants credit itself
	lines   []logLine
}

// pong, ack: when they came, and what they said.
type pong struct {
	seq   uint64
	event int
	wire.Status
}

type ack struct {
	inFlight int
	event    int
	at       time.Time
}

// logLine is a frame that was sent or has come.
type logLine struct {
	sent  bool
	frame []byte
}

func (l logLine) describe() string {
	if len(l.frame) <= wire.HeaderSize {
		return "not a frame"
	}
	return describe(l.frame[wire.HeaderSize:])
}

func (r *record) begin() {
	r.exchanges = map[uint64]*exchange{}
	r.hostCalls = map[uint64]*hostCall{}
	r.asked = map[uint64]int{}
}

// breaks notes that the worker has broken a rule.
func (r *record) breaks(expected, got string, body []byte) {
	if r.broken == nil {
		r.broken = &failure{expected: expected, got: got, frame: withLength(body)}
	}
}

// withLength makes a frame of a body.
func withLength(body []byte) []byte {
	if body == nil {
		return nil
	}
	n := len(body)
	return append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// limit is how long a body from the worker may be now.
func (r *record) limit() int {
	if r.info == nil || r.hello.MaxFrame == 0 {
		return wire.DefaultMaxFrame
	}
	return r.hello.MaxFrame
}

// window is the credit that each direction of an exchange towards the host starts with.
func (r *record) window() int64 {
	if r.hello.Window == 0 {
		return wire.DefaultWindow
	}
	return int64(r.hello.Window)
}

// noteEnd notes that nothing more will come.
func (r *record) noteEnd(err error) {
	r.ended, r.endedBy = true, err
	var broken *wire.Violation
	switch {
	case errors.As(err, &broken):
		r.breaks("frames of a length from 1 to the host's max_frame", broken.Detail, nil)
	case errors.Is(err, io.ErrUnexpectedEOF) && !r.hungUp && !r.provoked:
		r.breaks("whole frames only", "the end of the link within a frame", nil)
	}
}

// inForce reports whether a feature is in force.
func (r *record) inForce(f wire.Feature) bool {
	return r.info != nil && slices.Contains(r.info.Features, f) && slices.Contains(r.hello.Features, f)
}

// log keeps a frame for the transcript.
func (r *record) log(sent bool, frame []byte) {
	const most = 16
	r.lines = append(r.lines, logLine{sent, bytes.Clone(frame)})
	if len(r.lines) > most {
		r.lines = r.lines[len(r.lines)-most:]
	}
}

// transcript returns the last frames, one a line.
func (l *link) transcript() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for _, line := range l.lines {
		way := "worker -> host:"
		if line.sent {
			way = "host -> worker:"
		}
		lines = append(lines, fmt.Sprintf("%s %s  # %s", way, dump(line.frame), line.describe()))
	}
	return lines
}

// lately says what came last.
func (l *link) lately() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.lines) - 1; i >= 0; i-- {
		if !l.lines[i].sent {
			return "the last frame that came is " + l.lines[i].describe()
		}
	}
	return "nothing has come"
}

// takeGrants returns the Credit that is to be sent.
func (r *record) takeGrants() [][]byte {
	grants := r.grants
	r.grants = nil
	return grants
}
