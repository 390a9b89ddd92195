package child

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/wire"
)

// maxLog is the size from which on a log message is cut, if the host takes as much.
const maxLog = 1 << 20

// hostLogger makes the logger whose lines become Log messages to the host, or lines on
// stderr if the host wants none.
func hostLogger(p *peer.Peer, common []wire.Feature, in wire.Initialize) *zap.Logger {
	enabled, err := zapcore.ParseLevel(in.LogLevel)
	if err != nil {
		enabled = zapcore.InfoLevel
	}
	if !slices.Contains(common, wire.FeatureLog) {
		console := zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig())
		return zap.New(zapcore.NewCore(console, zapcore.Lock(os.Stderr), enabled))
	}
	return zap.New(&logCore{
		LevelEnabler: enabled,
		peer:         p,
		limit:        min(in.MaxFrame, maxLog),
		dropped:      new(atomic.Uint64),
	})
}

// logCore writes log entries to the host. It never waits: when the host does not keep up,
// entries are dropped, and a later one says how many.
type logCore struct {
	zapcore.LevelEnabler
	peer    *peer.Peer
	limit   int // of a frame
	fields  []zapcore.Field
	dropped *atomic.Uint64 // shared by all that With makes
}

// With implements [zapcore.Core].
func (c *logCore) With(fields []zapcore.Field) zapcore.Core {
	with := *c
	with.fields = slices.Concat(c.fields, fields)
	return &with
}

// Check implements [zapcore.Core].
func (c *logCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements [zapcore.Core].
func (c *logCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if n := c.dropped.Swap(0); n > 0 {
		lost := wire.Log{Level: wire.LevelWarn, Time: e.Time, Message: fmt.Sprintf("%d log messages were dropped, since the host did not keep up", n)}
		if !c.peer.TrySend(lost) {
			c.dropped.Add(n + 1)
			return nil
		}
	}
	if !c.peer.TrySend(c.fit(wire.Log{Level: levelName(e.Level), Time: e.Time, Message: e.Message, Fields: encodeFields(e, c.fields, fields)})) {
		c.dropped.Add(1)
	}
	return nil
}

// fit makes a message fit into a frame, of which fields are the first to be left out.
func (c *logCore) fit(m wire.Log) wire.Log {
	const rest = 512 // whatever is not message and fields
	room := c.limit - rest
	if len(m.Fields) > room-min(len(m.Message), room/2) {
		m.Fields, _ = wire.Encode(map[string]string{"fields": fmt.Sprintf("%d bytes, which are too many", len(m.Fields))})
	}
	m.Message = cut(m.Message, room-len(m.Fields))
	return m
}

// Sync implements [zapcore.Core]; entries are on their way already.
func (c *logCore) Sync() error { return nil }

func levelName(l zapcore.Level) string {
	switch {
	case l < zapcore.InfoLevel:
		return wire.LevelDebug
	case l < zapcore.WarnLevel:
		return wire.LevelInfo
	case l < zapcore.ErrorLevel:
		return wire.LevelWarn
	}
	return wire.LevelError
}

// encodeFields makes a msgpack map of an entry's fields. What msgpack can't encode goes as
// text: a log line is never lost for a field of it.
func encodeFields(e zapcore.Entry, lists ...[]zapcore.Field) wire.Payload {
	m := zapcore.NewMapObjectEncoder()
	for _, list := range lists {
		for _, f := range list {
			if f.Type == zapcore.ReflectType {
				// It is the caller's, and may be anything.
				f.Interface = viaJSON(f.Interface)
			}
			f.AddTo(m)
		}
	}
	if e.LoggerName != "" {
		m.Fields["logger"] = e.LoggerName
	}
	if e.Stack != "" {
		m.Fields["stack"] = e.Stack
	}
	if len(m.Fields) == 0 {
		return nil
	}
	p, err := wire.Encode(plain(m.Fields, 0))
	if err != nil {
		p, _ = wire.Encode(map[string]string{"fields": fmt.Sprint(m.Fields)})
	}
	return p
}

// maxFieldDepth is how deep fields may be nested. It is well below what a frame allows.
const maxFieldDepth = 16

// plain turns a field's value into what every msgpack library can decode, and what can't
// be into text.
func plain(v any, depth int) any {
	if depth > maxFieldDepth {
		return "nested too deeply"
	}
	switch v := v.(type) {
	case nil, bool, string, []byte, float32, float64,
		int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return v
	case uintptr:
		return uint64(v)
	case complex64, complex128:
		return fmt.Sprint(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration:
		return v.String()
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case map[string]any:
		plainly := make(map[string]any, len(v))
		for key, inner := range v {
			plainly[key] = plain(inner, depth+1)
		}
		return plainly
	case []any:
		plainly := make([]any, len(v))
		for i, inner := range v {
			plainly[i] = plain(inner, depth+1)
		}
		return plainly
	}
	return plain(viaJSON(v), depth)
}

// viaJSON turns any value into what JSON has for it, as zap's own encoders do, or into why
// it has nothing. It notices values that contain themselves.
func viaJSON(v any) (plainly any) {
	defer func() {
		if r := recover(); r != nil {
			plainly = fmt.Sprintf("%T: panic: %v", v, r)
		}
	}()
	switch v.(type) {
	case nil, bool, string, []byte, time.Time, time.Duration, complex64, complex128,
		int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, uintptr, float32, float64:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T: %v", v, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&plainly); err != nil {
		return string(text)
	}
	return plainly
}
