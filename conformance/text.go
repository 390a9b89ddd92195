package conformance

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/kinwire/kinwire/wire"
)

// How much of a long frame is shown.
const (
	headShown = 48
	tailShown = 16
)

// dump writes bytes in hex, without the middle if there are many.
func dump(b []byte) string {
	if len(b) <= headShown+tailShown {
		return spaced(b)
	}
	return fmt.Sprintf("%s ... %s (%d bytes)", spaced(b[:headShown]), spaced(b[len(b)-tailShown:]), len(b))
}

func spaced(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(hex.EncodeToString([]byte{c}))
	}
	return s.String()
}

// quote quotes a text, cut if it is long.
func quote(s string) string {
	const most = 300
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}

// oneLine makes a text one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// describe says a frame's body in a few words.
func describe(body []byte) string {
	m, err := wire.Parse(body)
	if err != nil {
		return "no sound body"
	}
	v, _ := read(body)
	if !m.Type.Known() {
		return fmt.Sprintf("an unknown type, %d", m.Type)
	}
	const long = 1 << 10
	if len(body) > long {
		return fmt.Sprintf("%v of %d bytes", m.Type, len(body))
	}
	var parts []string
	for _, item := range v.items[1:] {
		parts = append(parts, item.String())
	}
	return m.Type.String() + " " + short(strings.Join(parts, " "))
}

// short cuts a text that only helps to find one's way.
func short(s string) string {
	const most = 120
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// String writes a value much as JSON would.
func (v value) String() string {
	switch v.kind {
	case isBool:
		return fmt.Sprint(v.truth)
	case isInt:
		if v.neg {
			return fmt.Sprint(int64(v.n))
		}
		return fmt.Sprint(v.n)
	case isFloat:
		return fmt.Sprintf("%#v", v.f)
	case isStr:
		return quote(string(v.b))
	case isBin:
		return "bin(" + dump(v.b) + ")"
	case isExt:
		return fmt.Sprintf("ext(%d, %s)", v.ext, dump(v.b))
	case isArray:
		return "[" + list(v.items, 1) + "]"
	case isMap:
		return "{" + list(v.items, 2) + "}"
	}
	return "nil"
}

// list writes items, each of which is so many values.
func list(items []value, each int) string {
	const most = 20
	var s strings.Builder
	for i, v := range items {
		switch {
		case i == most*each:
			return s.String() + ", ..."
		case i%each == 1:
			s.WriteString(": ")
		case i > 0:
			s.WriteString(", ")
		}
		s.WriteString(v.String())
	}
	return s.String()
}
