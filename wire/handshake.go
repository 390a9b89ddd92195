package wire

import (
	"cmp"
	"slices"
	"time"
)

// Feature is an optional part of the protocol, in force once both sides have named it.
type Feature = string

// The features of version 1.
const (
	FeatureCredit   Feature = "credit"
	FeatureCancel   Feature = "cancel"
	FeatureLog      Feature = "log"
	FeatureHostCall Feature = "host-call"
)

// Features are all features of version 1, in the order of SPEC.md.
var Features = []Feature{FeatureCredit, FeatureCancel, FeatureLog, FeatureHostCall}

// Initialize is the parent's first frame. Zero values stand for the defaults.
type Initialize struct {
	Versions     []int  // those that the parent speaks
	Worker       string // the worker's name at its host
	MaxFrame     int    // the largest body that the parent accepts
	Window       int    // the credit that the child starts each direction with
	Concurrency  int    // how many exchanges the child may have open towards the parent
	PingInterval time.Duration
	PingTimeout  time.Duration
	Features     []Feature // those that the parent offers
	LogLevel     string
	Config       Payload // whatever the host has for the worker
}

// Initialized answers Initialize. Zero values stand for the defaults.
type Initialized struct {
	Version     int    // the one chosen
	Name        string // what the worker calls itself
	Build       string
	SDK         string
	PID         int      // information, never signalled
	Methods     []string // those that it has; nil: any
	Concurrency int      // how many exchanges the parent may have open; 0: any number
	MaxFrame    int      // the largest body that the child accepts
	Window      int      // the credit that the parent starts each direction with
	Features    []Feature
	Error       *Error // initialisation failed; Exiting follows
}

// Append adds the message as a frame.
func (m Initialize) Append(dst []byte) []byte {
	f := mapFrame(dst, TypeInitialize)
	f.ints("versions", m.Versions)
	f.str("worker", m.Worker)
	f.int("max_frame", m.MaxFrame)
	f.int("window", m.Window)
	f.int("concurrency", m.Concurrency)
	f.int("ping_interval_ms", int(millis(m.PingInterval)))
	f.int("ping_timeout_ms", int(millis(m.PingTimeout)))
	f.strs("features", m.Features)
	f.str("log_level", m.LogLevel)
	f.raw("config", m.Config)
	return f.end()
}

// Append adds the message as a frame.
func (m Initialized) Append(dst []byte) []byte {
	f := mapFrame(dst, TypeInitialized)
	f.int("version", m.Version)
	f.str("name", m.Name)
	f.str("build", m.Build)
	f.str("sdk", m.SDK)
	f.int("pid", m.PID)
	f.strs("methods", m.Methods)
	f.int("concurrency", m.Concurrency)
	f.int("max_frame", m.MaxFrame)
	f.int("window", m.Window)
	f.strs("features", m.Features)
	if m.Error != nil {
		f.raw("error", m.Error.Append(nil))
	}
	return f.end()
}

// Initialize reads the message as an Initialize. What is absent has its default.
func (m Message) Initialize() (v Initialize, err error) {
	c := m.elements()
	f := m.fields(&c)
	for key, ok := c.next(&f); ok; key, ok = c.next(&f) {
		switch string(key) {
		case "versions":
			v.Versions, f.err = c.ints("versions")
		case "worker":
			v.Worker, f.err = c.str("worker")
		case "max_frame":
			v.MaxFrame, f.err = c.maxFrame()
		case "window":
			v.Window, f.err = c.size("window")
		case "concurrency":
			v.Concurrency, f.err = c.size("concurrency")
		case "ping_interval_ms":
			v.PingInterval, f.err = c.millis("ping_interval_ms")
		case "ping_timeout_ms":
			v.PingTimeout, f.err = c.millis("ping_timeout_ms")
		case "features":
			v.Features, f.err = c.strs("features")
		case "log_level":
			v.LogLevel, f.err = c.str("log_level")
		case "config":
			v.Config = c.raw()
		}
	}
	v.MaxFrame = cmp.Or(v.MaxFrame, DefaultMaxFrame)
	v.Window = cmp.Or(v.Window, DefaultWindow)
	v.Concurrency = cmp.Or(v.Concurrency, DefaultHostConcurrency)
	return v, f.err
}

// Initialized reads the message as an Initialized. What is absent has its default.
func (m Message) Initialized() (v Initialized, err error) {
	c := m.elements()
	f := m.fields(&c)
	for key, ok := c.next(&f); ok; key, ok = c.next(&f) {
		switch string(key) {
		case "version":
			v.Version, f.err = c.size("version")
		case "name":
			v.Name, f.err = c.str("name")
		case "build":
			v.Build, f.err = c.str("build")
		case "sdk":
			v.SDK, f.err = c.str("sdk")
		case "pid":
			v.PID, f.err = c.size("pid")
		case "methods":
			v.Methods, f.err = c.strs("methods")
		case "concurrency":
			v.Concurrency, f.err = c.size("concurrency")
		case "max_frame":
			v.MaxFrame, f.err = c.maxFrame()
		case "window":
			v.Window, f.err = c.size("window")
		case "features":
			v.Features, f.err = c.strs("features")
		case "error":
			if !c.null() {
				v.Error = &Error{}
				f.err = c.errorMap(v.Error)
			}
		}
	}
	v.MaxFrame = cmp.Or(v.MaxFrame, DefaultMaxFrame)
	v.Window = cmp.Or(v.Window, DefaultWindow)
	return v, f.err
}

// Both returns the features that are in both lists.
func Both(a, b []Feature) []Feature {
	return slices.DeleteFunc(slices.Clone(a), func(f Feature) bool { return !slices.Contains(b, f) })
}

// fields enters the map that is the message's only element.
func (m Message) fields(c *cursor) fields {
	if !c.more() {
		return fields{err: violation(RuleElement, len(m.body)-1, "%s has no map", m.Type)}
	}
	return c.fields(m.Type.String())
}

func (c *cursor) maxFrame() (int, error) {
	from := c.at
	n, err := c.size("max_frame")
	if err == nil && n != 0 && n < LeastMaxFrame {
		err = violation(RuleMaxFrame, from, "max_frame is %d, the least is %d", n, LeastMaxFrame)
	}
	return n, err
}

// mapBuilder makes a frame whose only element is a map. What is zero is left out.
type mapBuilder struct {
	dst  []byte
	from int // where the frame began
	head int // where the map's head stands
	keys int
}

func mapFrame(dst []byte, t Type) *mapBuilder {
	f := &mapBuilder{from: len(dst)}
	dst = begin(dst, 2, t)
	f.head = len(dst)
	f.dst = append(dst, mpFixMap) // neither message has more keys than a fixmap takes
	return f
}

func (f *mapBuilder) key(name string) {
	f.keys++
	f.dst = appendStr(f.dst, name)
}

func (f *mapBuilder) str(name, v string) {
	if v != "" {
		f.key(name)
		f.dst = appendStr(f.dst, v)
	}
}

func (f *mapBuilder) int(name string, v int) {
	if v != 0 {
		f.key(name)
		f.dst = appendInt(f.dst, int64(v))
	}
}

func (f *mapBuilder) raw(name string, v Payload) {
	if len(v) > 0 {
		f.key(name)
		f.dst = append(f.dst, v...)
	}
}

func (f *mapBuilder) strs(name string, v []string) {
	if v == nil {
		return
	}
	f.key(name)
	f.dst = appendArrayLen(f.dst, len(v))
	for _, s := range v {
		f.dst = appendStr(f.dst, s)
	}
}

func (f *mapBuilder) ints(name string, v []int) {
	if v == nil {
		return
	}
	f.key(name)
	f.dst = appendArrayLen(f.dst, len(v))
	for _, n := range v {
		f.dst = appendInt(f.dst, int64(n))
	}
}

func (f *mapBuilder) end() []byte {
	f.dst[f.head] |= byte(f.keys)
	return finish(f.dst, f.from, 0)
}
