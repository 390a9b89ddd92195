package wire

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// What follows turns messages into the fields of vectors, and back. Values that may be
// anything are *tagged*: JSON in which nothing of msgpack is lost. SPEC.md describes both.

// fieldsOf returns the elements of a message.
func fieldsOf(t testing.TB, m appender) map[string]any {
	t.Helper()
	tag := func(p []byte) any { return tagged(t, p) }
	switch m := m.(type) {
	case Initialize:
		return map[string]any{"map": map[string]any{
			"versions": list(m.Versions), "worker": m.Worker, "max_frame": m.MaxFrame, "window": m.Window,
			"concurrency": m.Concurrency, "ping_interval_ms": millis(m.PingInterval), "ping_timeout_ms": millis(m.PingTimeout),
			"features": list(m.Features), "log_level": m.LogLevel, "config": tag(m.Config),
		}}
	case Initialized:
		fields := map[string]any{
			"version": m.Version, "name": m.Name, "build": m.Build, "sdk": m.SDK, "pid": m.PID, "methods": nil,
			"concurrency": m.Concurrency, "max_frame": m.MaxFrame, "window": m.Window, "features": list(m.Features), "error": nil,
		}
		if m.Methods != nil {
			fields["methods"] = m.Methods
		}
		if e := m.Error; e != nil {
			fields["error"] = map[string]any{"code": e.Code, "message": e.Message, "data": tag(e.Data)}
		}
		return map[string]any{"map": fields}
	case Ping:
		return map[string]any{"seq": m.Seq}
	case Pong:
		status := map[string]any{"in_flight": m.Status.InFlight, "stuck_ms": millis(m.Status.Stuck)}
		return map[string]any{"seq": m.Seq, "status": status}
	case Input:
		fields := map[string]any{"id": m.ID, "flags": m.Flags, "method": nil, "meta": tag(m.Meta), "payload": tag(m.Payload)}
		if m.Method != nil {
			fields["method"] = string(m.Method)
		}
		return fields
	case Output:
		return map[string]any{"id": m.ID, "flags": m.Flags, "meta": tag(m.Meta), "payload": tag(m.Payload)}
	case Cancel:
		return map[string]any{"id": m.ID, "reason": m.Reason}
	case Credit:
		return map[string]any{"id": m.ID, "bytes": m.Bytes}
	case Log:
		return map[string]any{"level": m.Level, "unix_ms": m.Time.UnixMilli(), "message": m.Message, "fields": tag(m.Fields)}
	case Shutdown:
		return map[string]any{"grace_ms": millis(m.Grace), "reason": m.Reason}
	case ShutdownAck:
		return map[string]any{"in_flight": m.InFlight}
	case Exiting:
		return map[string]any{"code": m.Code, "reason": m.Reason}
	}
	t.Fatalf("a message %T", m)
	return nil
}

// list is a list that is never null.
func list[T any](l []T) []T { return append([]T{}, l...) }

// fromFields makes the message of the fields. It goes through their JSON, and so knows no
// more of them than other languages.
func fromFields(name string, fields map[string]any) (appender, error) {
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	var v struct {
		elements
		Map mapKeys `json:"map"`
	}
	if err := decodeKnown(text, &v); err != nil {
		return nil, err
	}
	return v.message(name, v.Map, untagged)
}

// tagged returns a value as the vectors have it; nil for no value at all.
func tagged(t testing.TB, p []byte) any {
	t.Helper()
	if len(p) == 0 {
		return nil
	}
	c := cursor{b: p}
	v := c.tagged()
	if c.more() {
		t.Fatalf("% x: something is behind the value", p)
	}
	return v
}

func (c *cursor) tagged() any {
	k := c.b[c.at]
	switch {
	case k == mpNil:
		c.at++
		return nil
	case k == mpTrue, k == mpFalse:
		c.at++
		return k == mpTrue
	case c.isArray():
		all := []any{}
		for n := c.items(); n > 0; n-- {
			all = append(all, c.tagged())
		}
		return map[string]any{"array": all}
	case c.isMap():
		return map[string]any{"map": c.pairs()}
	}
	p := c.raw()
	switch b, isText := p.bytes(); {
	case k >= mpBin8 && k <= mpBin32:
		return map[string]any{"bin": hex.EncodeToString(b)}
	case isText:
		return validUTF8(b)
	case k >= mpExt8 && k <= mpExt32:
		head := 1 + 1<<(k-mpExt8)
		return map[string]any{"ext": []any{int8(p[head]), hex.EncodeToString(p[head+1:])}}
	case k >= mpFixExt1 && k <= mpFixExt16:
		return map[string]any{"ext": []any{int8(p[1]), hex.EncodeToString(p[2:])}}
	case k == mpFloat32:
		return taggedFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(p[1:]))))
	case k == mpFloat64:
		return taggedFloat(math.Float64frombits(binary.BigEndian.Uint64(p[1:])))
	case k == mpUint64 && p[1] >= 0x80:
		return map[string]any{"int": strconv.FormatUint(binary.BigEndian.Uint64(p[1:]), 10)}
	}
	from := cursor{b: p}
	n, err := from.int("the value")
	if err != nil {
		panic(err)
	}
	if n > MaxID || n < -MaxID {
		return map[string]any{"int": strconv.FormatInt(n, 10)}
	}
	return n
}

// pairs takes the keys and values of a map. Of a key that is there twice the last value
// counts, in the place of the first.
func (c *cursor) pairs() []any {
	all := []any{}
	for n := c.items() / 2; n > 0; n-- {
		key, value := c.tagged(), c.tagged()
		again := false
		for _, pair := range all {
			if pair := pair.([]any); reflect.DeepEqual(pair[0], key) {
				pair[1], again = value, true
			}
		}
		if !again {
			all = append(all, []any{key, value})
		}
	}
	return all
}

func taggedFloat(f float64) any {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if math.IsInf(f, 0) {
		text = strings.Replace(strings.TrimPrefix(text, "+"), "Inf", "Infinity", 1)
	}
	return map[string]any{"float": text}
}

// untagged makes a payload of a value in the vectors; nil of nothing.
func untagged(text json.RawMessage) Payload {
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return appendUntagged(nil, v)
}

func appendUntagged(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, mpNil)
	case bool:
		if v {
			return append(dst, mpTrue)
		}
		return append(dst, mpFalse)
	case string:
		return appendStr(dst, v)
	case json.Number:
		return appendUntagged(dst, map[string]any{"int": v.String()})
	case map[string]any:
		for tag, v := range v {
			return appendTag(dst, tag, v)
		}
	}
	panic(fmt.Sprintf("no tagged value: %v", v))
}

func appendTag(dst []byte, tag string, v any) []byte {
	text, _ := v.(string)
	items, _ := v.([]any)
	switch tag {
	case "int":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return appendInt(dst, n)
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			panic(err)
		}
		return appendUint(dst, n)
	case "float":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			panic(err)
		}
		return binary.BigEndian.AppendUint64(append(dst, mpFloat64), math.Float64bits(f))
	case "bin":
		b := bytesOf(text)
		return append(AppendBinHead(dst, len(b)), b...)
	case "ext":
		id, err := items[0].(json.Number).Int64()
		if err != nil {
			panic(err)
		}
		b := bytesOf(items[1].(string))
		return append(append(binary.BigEndian.AppendUint32(append(dst, mpExt32), uint32(len(b))), byte(id)), b...)
	case "array":
		dst = appendArrayLen(dst, len(items))
		for _, v := range items {
			dst = appendUntagged(dst, v)
		}
		return dst
	case "map":
		dst = appendMapLen(dst, len(items))
		for _, pair := range items {
			dst = appendUntagged(appendUntagged(dst, pair.([]any)[0]), pair.([]any)[1])
		}
		return dst
	}
	panic("no tag: " + tag)
}

func bytesOf(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}
