package parent

import (
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Event is something that has happened to a worker: one of the types below, which
// [Spec.OnEvent] is given. All of them are logged as well.
type Event interface {
	// line is what is logged.
	line() (zapcore.Level, string, []zap.Field)
}

// StateChanged says that the worker's life has come so far.
type StateChanged struct {
	State State
	// Reason is why the host ends the worker, of Stopping; what the worker's end was like,
	// of Exited; else empty.
	Reason string
}

// Unhealthy says that the worker has left so many pings in a row unanswered. It comes once
// until the worker has recovered.
type Unhealthy struct{ Misses int }

// Recovered says that an unhealthy worker has answered in time.
type Recovered struct{}

// SlowPong says that the worker took Health.SlowPong or longer to answer a ping, by the
// host's clock. It comes every 30 s at most.
type SlowPong struct{ RoundTrip time.Duration }

// Stuck says that a worker that answers its pings does not get on, and so is alive but of
// little use. It comes once until that is over.
type Stuck struct {
	// Calls is how many calls it still has at work although their callers have left, as
	// their contexts have ended: handlers that do not heed their end. If zero, its main
	// loop does not turn.
	Calls int
	// For is how long that has been going on, of the longest.
	For time.Duration
}

// HighMemory says that the worker's processes need more memory than Memory.Warn. It comes
// again after 120 s, or when they need 50 MB more.
type HighMemory struct {
	Use    MemoryUse
	Growth int64 // since the first measure, in bytes
}

// EventsLost says that OnEvent was so slow that events had to be dropped here.
type EventsLost struct{ Count int }

func (e StateChanged) line() (zapcore.Level, string, []zap.Field) {
	fields := []zap.Field{zap.Stringer("state", e.State)}
	if e.Reason != "" {
		fields = append(fields, zap.String("reason", e.Reason))
	}
	return zap.DebugLevel, "the worker's state has changed", fields
}

func (e Unhealthy) line() (zapcore.Level, string, []zap.Field) {
	return zap.WarnLevel, "the worker is unhealthy", []zap.Field{zap.Int("unanswered_pings", e.Misses)}
}

func (Recovered) line() (zapcore.Level, string, []zap.Field) {
	return zap.InfoLevel, "the worker has recovered", nil
}

func (e SlowPong) line() (zapcore.Level, string, []zap.Field) {
	return zap.WarnLevel, "the worker was slow to answer a ping", []zap.Field{zap.Duration("round_trip", e.RoundTrip)}
}

func (e Stuck) line() (zapcore.Level, string, []zap.Field) {
	if e.Calls == 0 {
		return zap.WarnLevel, "the worker is stuck: its main loop does not turn", []zap.Field{zap.Duration("for", e.For)}
	}
	return zap.WarnLevel, "the worker is stuck: calls that were given up do not end",
		[]zap.Field{zap.Int("calls", e.Calls), zap.Duration("for", e.For)}
}

func (e HighMemory) line() (zapcore.Level, string, []zap.Field) {
	return zap.WarnLevel, "the worker needs much memory", []zap.Field{
		zap.Stringer("memory", e.Use), zap.Int64("bytes", e.Use.Bytes), zap.Int64("growth", e.Growth),
	}
}

func (e EventsLost) line() (zapcore.Level, string, []zap.Field) {
	return zap.WarnLevel, "OnEvent did not keep up, and events were dropped", []zap.Field{zap.Int("events", e.Count)}
}

// tell logs an event and hands it to OnEvent. It never waits.
func (w *Worker) tell(e Event) {
	level, message, fields := e.line()
	w.log.Log(level, message, fields...)
	if w.spec.OnEvent != nil {
		w.events.put(1, func() { w.spec.OnEvent(w, e) })
	}
}

// maxEvents is how many may wait for OnEvent.
const maxEvents = 256

// newEvents returns the queue of those that wait for OnEvent, and for OnUnhealthy.
func (w *Worker) newEvents() *queue {
	return &queue{most: maxEvents, room: maxEvents, lost: func(n int) {
		e := EventsLost{n}
		level, message, fields := e.line()
		w.log.Log(level, message, fields...)
		if w.spec.OnEvent != nil {
			w.spec.OnEvent(w, e)
		}
	}}
}
