package wire

import (
	"math"
	"time"
)

// Ping asks the worker for a Pong.
type Ping struct {
	Seq uint64 // rises from one Ping to the next
}

// Pong answers a Ping.
type Pong struct {
	Seq uint64 // of the Ping
	// Status is how the worker does; zero where it does not say.
	Status Status
}

// Status is what a worker tells of itself with every Pong.
type Status struct {
	// InFlight is how many exchanges its handlers are at.
	InFlight int
	// Stuck is how long its main loop has not turned.
	Stuck time.Duration
}

// Log is a line of the worker's log.
type Log struct {
	// Level is "debug", "info", "warn" or "error"; whatever else comes reads as "info".
	Level string
	// Time is when it was written, by the worker's clock, to the millisecond.
	Time    time.Time
	Message string
	// Fields is a map with string keys, or nil.
	Fields Payload
}

// The levels of a Log.
const (
	LevelDebug = "debug"
	LevelInfo  = "info"
	LevelWarn  = "warn"
	LevelError = "error"
)

// Shutdown asks the worker to end.
type Shutdown struct {
	// Grace is how long its handlers may still run.
	Grace  time.Duration
	Reason string
}

// ShutdownAck acknowledges a Shutdown at once; unasked, it says that the worker wants to be
// replaced.
type ShutdownAck struct {
	InFlight int
}

// Exiting is a worker's last frame.
type Exiting struct {
	Code   int // its exit code
	Reason string
}

// Append adds the message as a frame.
func (m Ping) Append(dst []byte) []byte {
	from := len(dst)
	return finish(appendUint(begin(dst, 2, TypePing), m.Seq), from, 0)
}

// Append adds the message as a frame.
func (m Pong) Append(dst []byte) []byte {
	from := len(dst)
	dst = appendUint(begin(dst, 3, TypePong), m.Seq)
	if m.Status == (Status{}) {
		return finish(append(dst, mpNil), from, 0)
	}
	dst = appendMapLen(dst, 2)
	dst = appendInt(appendStr(dst, "in_flight"), int64(max(m.Status.InFlight, 0)))
	dst = appendUint(appendStr(dst, "stuck_ms"), millis(m.Status.Stuck))
	return finish(dst, from, 0)
}

// Append adds the message as a frame.
func (m Log) Append(dst []byte) []byte {
	from := len(dst)
	dst = appendInt(appendStr(begin(dst, 5, TypeLog), m.Level), m.Time.UnixMilli())
	return finish(appendRaw(appendStr(dst, m.Message), m.Fields), from, 0)
}

// Append adds the message as a frame.
func (m Shutdown) Append(dst []byte) []byte {
	from := len(dst)
	return finish(appendStr(appendUint(begin(dst, 3, TypeShutdown), millis(m.Grace)), m.Reason), from, 0)
}

// Append adds the message as a frame.
func (m ShutdownAck) Append(dst []byte) []byte {
	from := len(dst)
	return finish(appendInt(begin(dst, 2, TypeShutdownAck), int64(max(m.InFlight, 0))), from, 0)
}

// Append adds the message as a frame.
func (m Exiting) Append(dst []byte) []byte {
	from := len(dst)
	return finish(appendStr(appendInt(begin(dst, 3, TypeExiting), int64(m.Code)), m.Reason), from, 0)
}

// Ping reads the message as a Ping.
func (m Message) Ping() (v Ping, err error) {
	c := m.elements()
	v.Seq, err = c.seq()
	return v, err
}

// Pong reads the message as a Pong.
func (m Message) Pong() (v Pong, err error) {
	c := m.elements()
	if v.Seq, err = c.seq(); err != nil {
		return v, err
	}
	if !c.more() || c.null() {
		return v, nil
	}
	f := c.fields("the status")
	for key, ok := c.next(&f); ok; key, ok = c.next(&f) {
		switch string(key) {
		case "in_flight":
			v.Status.InFlight, f.err = c.size("in_flight")
		case "stuck_ms":
			v.Status.Stuck, f.err = c.millis("stuck_ms")
		}
	}
	return v, f.err
}

// Log reads the message as a Log.
func (m Message) Log() (v Log, err error) {
	c := m.elements()
	v.Level = LevelInfo
	if c.more() {
		v.Level = c.level()
	}
	ms, err := c.intOrNil("the time")
	if err != nil {
		return v, err
	}
	v.Time = time.UnixMilli(ms)
	if v.Message, err = c.str("the message"); err != nil {
		return v, err
	}
	if !c.more() || c.null() {
		return v, nil
	}
	from := c.at
	f := c.fields("the fields")
	for _, ok := c.next(&f); ok; _, ok = c.next(&f) {
	}
	v.Fields = Payload(m.body[from:c.at:c.at])
	return v, f.err
}

// Shutdown reads the message as a Shutdown.
func (m Message) Shutdown() (v Shutdown, err error) {
	c := m.elements()
	if v.Grace, err = c.millis("the grace"); err != nil {
		return v, err
	}
	v.Reason, err = c.str("the reason")
	return v, err
}

// ShutdownAck reads the message as a ShutdownAck.
func (m Message) ShutdownAck() (v ShutdownAck, err error) {
	c := m.elements()
	v.InFlight, err = c.size("the exchanges in flight")
	return v, err
}

// Exiting reads the message as an Exiting.
func (m Message) Exiting() (v Exiting, err error) {
	c := m.elements()
	code, err := c.intOrNil("the exit code")
	if err != nil {
		return v, err
	}
	v.Code = int(min(max(code, math.MinInt32), math.MaxInt32))
	v.Reason, err = c.str("the reason")
	return v, err
}

func (c *cursor) seq() (uint64, error) {
	from := c.at
	v, err := c.intOrNil("the sequence number")
	if err == nil && v < 0 {
		return 0, violation(RuleElement, from, "the sequence number is %d", v)
	}
	return uint64(v), err
}

// millis is a span of time as the messages have it: nothing is negative in them.
func millis(d time.Duration) uint64 { return uint64(max(d.Milliseconds(), 0)) }

// millis takes a number of milliseconds from 0 up, or 0 for nil.
func (c *cursor) millis(name string) (time.Duration, error) {
	ms, err := c.size(name)
	return time.Duration(ms) * time.Millisecond, err
}

// level takes whatever stands for a log level.
func (c *cursor) level() string {
	from := *c
	name, err := c.str("the level")
	if err != nil {
		*c = from
		c.raw()
	}
	switch name {
	case LevelDebug, LevelWarn, LevelError:
		return name
	}
	return LevelInfo
}
