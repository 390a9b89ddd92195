package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// unhex turns "93 07 01" into bytes.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return b
}

// frame puts a length before a body.
func frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// An appender is any message.
type appender interface{ Append(dst []byte) []byte }

// readers are how a message of each type is read, in the order of the types.
var readers = map[Type]func(Message) (appender, error){
	TypeInitialize:  func(m Message) (appender, error) { return m.Initialize() },
	TypeInitialized: func(m Message) (appender, error) { return m.Initialized() },
	TypePing:        func(m Message) (appender, error) { return m.Ping() },
	TypePong:        func(m Message) (appender, error) { return m.Pong() },
	TypeInput:       func(m Message) (appender, error) { return m.Input() },
	TypeOutput:      func(m Message) (appender, error) { return m.Output() },
	TypeCancel:      func(m Message) (appender, error) { return m.Cancel() },
	TypeCredit:      func(m Message) (appender, error) { return m.Credit() },
	TypeLog:         func(m Message) (appender, error) { return m.Log() },
	TypeShutdown:    func(m Message) (appender, error) { return m.Shutdown() },
	TypeShutdownAck: func(m Message) (appender, error) { return m.ShutdownAck() },
	TypeExiting:     func(m Message) (appender, error) { return m.Exiting() },
}

// read reads a body as the message that it says it is; nil for an unknown type.
func read(body []byte) (appender, error) {
	m, err := Parse(body)
	if err != nil || !m.Type.Known() {
		return nil, err
	}
	return readers[m.Type](m)
}

// same reports whether two messages mean the same: they are equal, but for the many ways
// to have no value.
func same(a, b appender) bool { return reflect.DeepEqual(plain(a), plain(b)) }

func plain(m appender) appender {
	value := func(p Payload) Payload {
		if p.IsNil() {
			return nil
		}
		return p
	}
	switch m := m.(type) {
	case Initialize:
		m.Config = value(m.Config)
		return m
	case Initialized:
		if m.Error != nil {
			e := *m.Error
			e.Data = value(e.Data)
			m.Error = &e
		}
		return m
	case Input:
		m.Payload = value(m.Payload)
		return m
	case Output:
		m.Payload = value(m.Payload)
		return m
	case Log:
		m.Time = m.Time.UTC()
		return m
	}
	return m
}

// ruleOf returns the rule that an error names, or "".
func ruleOf(err error) Rule {
	var v *Violation
	if errors.As(err, &v) {
		return v.Rule
	}
	return ""
}

// mustEncode makes a payload.
func mustEncode(v any) Payload {
	p, err := Encode(v)
	if err != nil {
		panic(err)
	}
	return p
}

// good are messages of every type, with all there is in them.
var good = []appender{
	Initialize{
		Versions: []int{1}, Worker: "echo-1", MaxFrame: 1 << 20, Window: 1 << 16, Concurrency: 8,
		PingInterval: 2500 * time.Millisecond, PingTimeout: time.Minute, Features: Features,
		LogLevel: LevelInfo, Config: mustEncode(map[string]any{"model": "small"}),
	},
	Initialized{
		Version: 1, Name: "echo", Build: "v1.2.3", SDK: "go", PID: 4711, Methods: []string{"", "echo"},
		Concurrency: 16, MaxFrame: 1 << 24, Window: 1 << 18, Features: Features,
		Error: &Error{Code: CodeFailed, Message: "no model", Data: mustEncode([]int{1, 2})},
	},
	Ping{Seq: 7},
	Pong{Seq: 7, Status: Status{InFlight: 2, Stuck: 1500 * time.Millisecond}},
	Input{ID: 1, Flags: FlagEnd, Method: []byte("echo"), Meta: AppendTimeout(nil, 30*time.Second), Payload: mustEncode("hello")},
	Input{ID: 1, Payload: mustEncode([]byte{0xff, 0})},
	Input{ID: 1, Flags: FlagEnd | FlagEmpty},
	Input{ID: 1, Method: []byte{}, Flags: FlagEmpty},
	Output{ID: 1, Flags: FlagEnd, Payload: mustEncode(map[string]any{"n": 300, "f": 1.5})},
	Output{ID: 2, Flags: FlagEnd | FlagError, Payload: Errorf(CodeOverloaded, "16 of 16").Append(nil)},
	Cancel{ID: 3, Reason: "the caller has gone"},
	Credit{ID: 3, Bytes: 32768},
	Log{Level: LevelWarn, Time: time.UnixMilli(1700000000123), Message: "slow disk", Fields: mustEncode(map[string]any{"ms": 12})},
	Shutdown{Grace: 10 * time.Second, Reason: "recycled"},
	ShutdownAck{InFlight: 2},
	Exiting{Code: 0, Reason: "shutdown"},
}

// TestGood reads back what Append wrote, for every message.
func TestGood(t *testing.T) {
	seen := map[Type]bool{}
	for _, want := range good {
		b := want.Append([]byte("before"))
		b, ok := bytes.CutPrefix(b, []byte("before"))
		if !ok || int(binary.BigEndian.Uint32(b)) != len(b)-4 {
			t.Fatalf("%#v: not one frame: % x", want, b)
		}
		m, err := Parse(b[4:])
		if err != nil {
			t.Fatalf("%#v: %v", want, err)
		}
		seen[m.Type] = true
		got, err := read(b[4:])
		if err != nil || !same(got, want) {
			t.Errorf("%#v\nreads as %#v, %v", want, got, err)
		}
	}
	if len(seen) != len(readers) {
		t.Errorf("only %d of %d types are tried", len(seen), len(readers))
	}
}
