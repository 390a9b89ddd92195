package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// What follows makes messages of the JSON in which SPEC.md and the vectors write them. They
// differ in how they write values that may be anything.

// elements are those of all messages whose body is no map.
type elements struct {
	Seq    uint64 `json:"seq"`
	Status *struct {
		InFlight int   `json:"in_flight"`
		StuckMS  int64 `json:"stuck_ms"`
	} `json:"status"`
	ID       uint64          `json:"id"`
	Flags    Flags           `json:"flags"`
	Method   *string         `json:"method"`
	Meta     json.RawMessage `json:"meta"`
	Payload  json.RawMessage `json:"payload"`
	Reason   string          `json:"reason"`
	Bytes    int64           `json:"bytes"`
	Level    string          `json:"level"`
	UnixMS   int64           `json:"unix_ms"`
	Message  string          `json:"message"`
	Fields   json.RawMessage `json:"fields"`
	GraceMS  int64           `json:"grace_ms"`
	InFlight int             `json:"in_flight"`
	Code     int             `json:"code"`
}

// mapKeys are the keys of the maps of Initialize and Initialized.
type mapKeys struct {
	Versions       []int           `json:"versions"`
	Worker         string          `json:"worker"`
	MaxFrame       int             `json:"max_frame"`
	Window         int             `json:"window"`
	Concurrency    int             `json:"concurrency"`
	PingIntervalMS int64           `json:"ping_interval_ms"`
	PingTimeoutMS  int64           `json:"ping_timeout_ms"`
	Features       []string        `json:"features"`
	LogLevel       string          `json:"log_level"`
	Config         json.RawMessage `json:"config"`
	Version        int             `json:"version"`
	Name           string          `json:"name"`
	Build          string          `json:"build"`
	SDK            string          `json:"sdk"`
	PID            int             `json:"pid"`
	Methods        []string        `json:"methods"`
	Error          *struct {
		Code, Message string
		Data          json.RawMessage
	} `json:"error"`
}

// decodeKnown decodes JSON of which all keys are known, with integers of 64 bits.
func decodeKnown(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	return d.Decode(v)
}

// message makes the message of a name. Value makes what may be anything.
func (e elements) message(name string, keys mapKeys, value func(json.RawMessage) Payload) (appender, error) {
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	var meta Meta
	if len(e.Meta) > 0 && string(e.Meta) != "null" {
		meta = Meta(value(e.Meta))
	}
	switch name {
	case "Initialize":
		return Initialize{
			Versions: keys.Versions, Worker: keys.Worker, MaxFrame: keys.MaxFrame, Window: keys.Window,
			Concurrency: keys.Concurrency, PingInterval: ms(keys.PingIntervalMS), PingTimeout: ms(keys.PingTimeoutMS),
			Features: keys.Features, LogLevel: keys.LogLevel, Config: value(keys.Config),
		}, nil
	case "Initialized":
		m := Initialized{
			Version: keys.Version, Name: keys.Name, Build: keys.Build, SDK: keys.SDK, PID: keys.PID, Methods: keys.Methods,
			Concurrency: keys.Concurrency, MaxFrame: keys.MaxFrame, Window: keys.Window, Features: keys.Features,
		}
		if keys.Error != nil {
			m.Error = &Error{keys.Error.Code, keys.Error.Message, value(keys.Error.Data)}
		}
		return m, nil
	case "Ping":
		return Ping{e.Seq}, nil
	case "Pong":
		m := Pong{Seq: e.Seq}
		if e.Status != nil {
			m.Status = Status{e.Status.InFlight, ms(e.Status.StuckMS)}
		}
		return m, nil
	case "Input":
		m := Input{ID: e.ID, Flags: e.Flags, Meta: meta, Payload: value(e.Payload)}
		if e.Method != nil {
			m.Method = []byte(*e.Method)
		}
		return m, nil
	case "Output":
		return Output{e.ID, e.Flags, meta, value(e.Payload)}, nil
	case "Cancel":
		return Cancel{e.ID, e.Reason}, nil
	case "Credit":
		return Credit{e.ID, e.Bytes}, nil
	case "Log":
		return Log{e.Level, time.UnixMilli(e.UnixMS), e.Message, value(e.Fields)}, nil
	case "Shutdown":
		return Shutdown{ms(e.GraceMS), e.Reason}, nil
	case "ShutdownAck":
		return ShutdownAck{e.InFlight}, nil
	case "Exiting":
		return Exiting{e.Code, e.Reason}, nil
	}
	return nil, fmt.Errorf("no message is called %q", name)
}
