package parent

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	logBytes = 1 << 20 // of text that may wait for the host's logger
	logLines = 4 << 10 // that may wait for it
)

// nameLogs sets up the worker's logs. Nothing is logged before.
func (w *Worker) nameLogs(more ...zap.Field) {
	// What the worker says has neither a place nor a stack in this program.
	w.slowLog = w.spec.logger().
		WithOptions(zap.WithCaller(false), zap.AddStacktrace(zapcore.InvalidLevel)).
		With(append([]zap.Field{zap.String("worker", w.name)}, more...)...)
	w.logQueue = &queue{most: logLines, room: logBytes, lost: func(lines int) {
		w.slowLog.Warn("the logger did not keep up, and lines were dropped", zap.Int("lines", lines))
	}}
	w.log = w.slowLog.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return queuedCore{c, w.logQueue} }))
	close(w.named)
}

// queuedCore is the core of a logger whose lines go through a queue.
type queuedCore struct {
	zapcore.Core
	queue *queue
}

// With implements [zapcore.Core].
func (c queuedCore) With(fields []zapcore.Field) zapcore.Core {
	return queuedCore{c.Core.With(fields), c.queue}
}

// Check implements [zapcore.Core].
func (c queuedCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements [zapcore.Core].
func (c queuedCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.queue.put(len(e.Message)+len(e.Stack), func() { c.write(e, fields) })
	return nil
}

// write is what Write does in its turn. The core's own Check decides who gets the line.
func (c queuedCore) write(e zapcore.Entry, fields []zapcore.Field) {
	if ce := c.Core.Check(e, nil); ce != nil {
		ce.Write(fields...)
	}
}
