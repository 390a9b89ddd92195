package parent

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// control deals with the worker's messages that are not of an exchange. It runs on the
// goroutine that reads, and never waits.
func (w *Worker) control(m wire.Message) error {
	if !w.introduced && m.Type != wire.TypeInitialized && m.Type != wire.TypeLog {
		return wire.Violatef(wire.RuleOrder, "%s before Initialized", m.Type)
	}
	switch m.Type {
	case wire.TypeInitialized:
		if w.introduced {
			return wire.Violatef(wire.RuleOrder, "Initialized for the second time")
		}
		return w.establish(m)
	case wire.TypePong:
		pong, err := m.Pong()
		if err == nil {
			w.health.pong(pong, time.Now())
		}
		return err
	case wire.TypeLog:
		entry, err := m.Log()
		switch {
		case err != nil:
			return err
		case !w.introduced || w.logs:
			w.logEntry(entry)
		default:
			w.peer.Ignore()
		}
	case wire.TypeShutdownAck:
		_, err := m.ShutdownAck()
		if err == nil && w.State() < Leaving {
			w.proceed(Leaving, "")
			w.leaveOnce.Do(func() { close(w.leaving) })
		}
		return err
	case wire.TypeExiting:
		last, err := m.Exiting()
		if err != nil {
			return err
		}
		last.Reason = cut(last.Reason)
		w.mu.Lock()
		w.goodbye = &last
		w.mu.Unlock()
		w.peer.Retire(goodbye{last})
	}
	return nil
}

// establish takes the worker's answer to Initialize.
func (w *Worker) establish(m wire.Message) error {
	info, err := m.Initialized()
	if err != nil {
		return err
	}
	if info.Error != nil {
		info.Error.Data = slices.Clone(info.Error.Data) // it outlives the frame
	}
	w.introduced = true
	w.mu.Lock()
	w.info = info
	w.mu.Unlock()
	if info.Error == nil && info.Version == wire.Version {
		limits := w.spec.Limits
		common := wire.Both(info.Features, wire.Features)
		w.peer.Establish(
			peer.Terms{MaxFrame: limits.maxFrame(), Window: limits.window(), Concurrency: limits.concurrency()},
			peer.Terms{MaxFrame: info.MaxFrame, Window: info.Window, Concurrency: info.Concurrency},
			common,
		)
		w.logs = slices.Contains(common, wire.FeatureLog)
		w.proceed(Ready, "")
	}
	w.initialized <- info
	return nil
}

// maxReason is how much is kept of what a worker gives for a reason.
const maxReason = 1 << 10

// cut shortens a reason.
func cut(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	return strings.ToValidUTF8(reason[:maxReason], "") + "..."
}

// output logs a line that the worker has printed. It may take its time.
func (w *Worker) output(l process.Line) {
	<-w.named // which is at once
	fields := []zap.Field{zap.Stringer("stream", l.Stream)}
	if l.Missed > 0 {
		fields = append(fields, zap.Int("missed", l.Missed))
	}
	if l.Continues {
		fields = append(fields, zap.Bool("continues", true))
	}
	w.slowLog.Info(string(l.Text), fields...)
}

// logEntry logs a Log message of the worker.
func (w *Worker) logEntry(m wire.Log) {
	level := zapcore.InfoLevel
	switch m.Level {
	case wire.LevelDebug:
		level = zapcore.DebugLevel
	case wire.LevelWarn:
		level = zapcore.WarnLevel
	case wire.LevelError:
		level = zapcore.ErrorLevel
	}
	if !w.slowLog.Core().Enabled(level) {
		return
	}
	m.Fields = slices.Clone(m.Fields) // they outlive the frame
	w.logQueue.put(len(m.Message)+len(m.Fields), func() {
		<-w.named // which is at once
		if entry := w.slowLog.Check(level, m.Message); entry != nil {
			entry.Time = logTime(m.Time, entry.Time)
			entry.Write(logFields(m.Fields)...)
		}
	})
}

// logTime is the time that a worker gives for a message, unless no logger could write it.
func logTime(t, now time.Time) time.Time {
	if d := now.Sub(t); d.Abs() > 366*24*time.Hour {
		return now
	}
	return t
}

// logFields makes fields of those of a Log message, in the order of their names.
func logFields(p wire.Payload) []zap.Field {
	var values map[string]any
	if err := p.Decode(&values); err != nil {
		return []zap.Field{zap.String("undecodable_fields", err.Error())}
	}
	fields := make([]zap.Field, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		v := values[key]
		switch key {
		case "worker", "pid": // the line has these already, and the worker can't be somebody else
			key += "_"
		}
		fields = append(fields, zap.Any(key, v))
	}
	return fields
}

func (w *Worker) panicked(method string, value any, stack []byte) {
	w.log.Error("a host method panicked", zap.String("method", method), zap.String("panic", fmt.Sprint(value)), zap.ByteString("stack", stack))
}
