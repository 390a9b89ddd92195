package main

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger returns a logger for people. A line of it is
//
//	15:04:05.000 INFO  echo-worker[4711] what it printed {"stream": "stdout"}
func newLogger(to io.Writer, level zapcore.Level) *zap.Logger {
	encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{
		TimeKey:          "time",
		LevelKey:         "level",
		NameKey:          "worker",
		StacktraceKey:    "stack",
		MessageKey:       "message",
		EncodeTime:       zapcore.TimeEncoderOfLayout("15:04:05.000"),
		EncodeLevel:      encodeLevel,
		EncodeDuration:   zapcore.StringDurationEncoder,
		ConsoleSeparator: " ",
	})
	return zap.New(workerCore{Core: zapcore.NewCore(encoder, zapcore.AddSync(to), level)})
}

func encodeLevel(l zapcore.Level, enc zapcore.PrimitiveArrayEncoder) {
	enc.AppendString(fmt.Sprintf("%-5s", l.CapitalString()))
}

// workerCore makes the name of a line of what package parent adds to every line as fields:
// the worker and its pid.
type workerCore struct {
	zapcore.Core
	worker string
	pid    int64
}

// With implements [zapcore.Core].
func (c workerCore) With(fields []zapcore.Field) zapcore.Core {
	var rest []zapcore.Field
	for _, f := range fields {
		switch f.Key {
		case "worker":
			c.worker = f.String
		case "pid":
			c.pid = f.Integer
		default:
			rest = append(rest, f)
		}
	}
	c.Core = c.Core.With(rest)
	return c
}

// Check implements [zapcore.Core].
func (c workerCore) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return to.AddCore(e, c)
	}
	return to
}

// Write implements [zapcore.Core].
func (c workerCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	switch {
	case c.worker == "":
		e.LoggerName = "kinwire"
	case c.pid == 0:
		e.LoggerName = c.worker
	default:
		e.LoggerName = fmt.Sprintf("%s[%d]", c.worker, c.pid)
	}
	e.Stack, fields = takeStack(fields)
	return c.Core.Write(e, fields)
}

// takeStack takes a stack out of the fields, which is more readable with its line breaks.
func takeStack(fields []zapcore.Field) (stack string, rest []zapcore.Field) {
	for _, f := range fields {
		text, isBytes := f.Interface.([]byte)
		switch {
		case f.Key == "stack" && f.Type == zapcore.StringType:
			stack = f.String
		case f.Key == "stack" && isBytes:
			stack = string(text)
		default:
			rest = append(rest, f)
		}
	}
	return stack, rest
}
