package wire

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// The msgpack library lets integers wrap that a Go type can't hold, and its errors name no
// place. So a value is walked beside the type that it is decoded into: before the library
// gets it, for integers that would wrap, and after an error, for the place of it.

// misfit is the error for a value, or for one within it, that does not fit its Go type.
type misfit struct {
	path string // such as .jobs[3].n
	what string // such as: a string does not fit a time.Time
	err  error  // what the library or a custom decoder says of it, or nil
}

func (m *misfit) Unwrap() error { return m.err }

func (m *misfit) Error() string {
	s := m.what
	if path := strings.TrimLeft(m.path, "., "); path != "" {
		s = path + ": " + s
	}
	// That the library came upon a code which it did not expect has been said by now.
	if m.err != nil && !strings.Contains(m.err.Error(), "code=") {
		s += ": " + m.err.Error()
	}
	return s
}

// checkFit returns an error for an integer in a checked payload that would wrap in what v
// points to. It leaves everything else that does not fit to the library.
func checkFit(p Payload, v any) error {
	f := fitOf(target(v))
	if !f.numbers {
		return nil
	}
	w := walk{cursor: cursor{b: p}, stop: -1}
	if m := w.value(f); m != nil {
		return m
	}
	return nil
}

// explain makes an error of the library one that names the place and what is there; at is
// the offset of the item that the library has read last.
func explain(err error, p Payload, v any, at int) error {
	if strings.HasPrefix(err.Error(), "msgpack: Decode") {
		return err // v is what nothing can be decoded into, whatever comes
	}
	w := walk{cursor: cursor{b: p}, stop: at}
	m := w.value(fitOf(target(v)))
	if m == nil {
		return err
	}
	m.err = err
	return m
}

// target is the type that v is decoded into, or a pointer to it. An interface that v points
// to may hold the pointer; those further inside are not followed.
func target(v any) reflect.Type {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer {
		if i := p.Elem(); i.Kind() == reflect.Interface && !i.IsNil() {
			return i.Elem().Type()
		}
	}
	return reflect.TypeOf(v)
}

// walk passes over a checked payload beside a type, up to the first misfit. What the library
// would refuse it passes over.
type walk struct {
	cursor
	stop int // the offset of the item that is a misfit, or -1 to look for integers that wrap
}

// value takes the next value, beside f.
func (w *walk) value(f *fit) *misfit {
	from := w.at
	looking := w.stop < 0
	switch {
	case looking && !f.numbers, from == w.stop:
	case f.key != nil && w.isMap():
		return w.pairs(f)
	case (f.item != nil || f.list != nil) && w.isArray():
		return w.elements(f)
	}
	p := w.raw()
	if looking && f.numbers && !f.holds(p) {
		n, large, _ := p.integer()
		if large {
			return &misfit{what: fmt.Sprintf("%d does not fit %s", uint64(n), f)}
		}
		return &misfit{what: fmt.Sprintf("%d does not fit %s", n, f)}
	}
	if from <= w.stop && w.stop < w.at {
		return &misfit{what: fmt.Sprintf("%s does not fit %s", p.kind(), f)}
	}
	return nil
}

// pairs takes a map, beside a map, a struct or an interface.
func (w *walk) pairs(f *fit) *misfit {
	for n := w.items() / 2; n > 0; n-- {
		from := w.at
		if m := w.value(f.key); m != nil {
			m.path = ", a key" + m.path
			return m
		}
		key := Payload(w.b[from:w.at])
		value := f.value
		if f.named != nil {
			name, _ := key.bytes() // none is ""
			if value = f.named[string(name)]; value == nil {
				value = anything
			}
		}
		if m := w.value(value); m != nil {
			m.path = key.segment() + m.path
			return m
		}
	}
	return nil
}

// elements takes an array, beside a slice, an array, a struct or an interface.
func (w *walk) elements(f *fit) *misfit {
	n := w.items()
	for i := range n {
		item := f.item
		if item == nil {
			item = anything
			if n == len(f.list) {
				item = f.list[i].fit
			}
		}
		if m := w.value(item); m != nil {
			m.path = fmt.Sprintf("[%d]%s", i, m.path)
			return m
		}
	}
	return nil
}

// integer returns the bits of an integer, and whether they are those of a uint64 that no
// int64 can hold. It is not ok if p is no integer.
func (p Payload) integer() (n int64, large, ok bool) {
	switch k := p[0]; {
	case k < mpFixMap, k >= mpNegFix:
		return int64(int8(k)), false, true
	case k < mpUint8 || k > mpInt64:
		return 0, false, false
	}
	for _, b := range p[1:] {
		n = n<<8 | int64(b)
	}
	if p[0] >= mpInt8 {
		spare := 64 - 8*(len(p)-1)
		n = n << spare >> spare
	}
	return n, p[0] == mpUint64 && n < 0, true
}

// kind says in plain words what kind of value p is.
func (p Payload) kind() string {
	c := cursor{b: p}
	_, _, number := p.integer()
	_, ext := extContent(p)
	switch k := p[0]; {
	case k == mpNil:
		return "nil"
	case k == mpFalse, k == mpTrue:
		return "a bool"
	case number:
		return "an integer"
	case ext:
		return "an ext"
	case k >= mpBin8 && k <= mpBin32:
		return "a bin"
	case k == mpFloat32, k == mpFloat64:
		return "a float"
	case c.isArray():
		return fmt.Sprintf("an array of %d", c.items())
	case c.isMap():
		return "a map"
	}
	return "a string"
}

// maxSegment is how many bytes of a key a path shows.
const maxSegment = 40

// plainKey is a key that a path shows without quotes.
var plainKey = regexp.MustCompile(`^[\pL_][\pL\d_-]*$`)

// segment is what a map's key adds to a path.
func (p Payload) segment() string {
	if name, ok := p.bytes(); ok {
		if len(name) <= maxSegment && plainKey.Match(name) {
			return "." + string(name)
		}
		return fmt.Sprintf("[%q]", name[:min(len(name), maxSegment)])
	}
	if n, large, ok := p.integer(); ok && !large {
		return fmt.Sprintf("[%d]", n)
	}
	return "[" + p.kind() + "]"
}
