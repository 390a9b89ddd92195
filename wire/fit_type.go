package wire

import (
	"cmp"
	"encoding"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
)

// fit is what a walk knows of a Go type, once for the type and all pointers to it. Where a
// map or an array comes for which it has no field, that does not fit.
type fit struct {
	typ     reflect.Type
	numbers bool // an integer can wrap in it, or in a part of it

	key   *fit            // of a map, a struct or an interface
	value *fit            // of a map or an interface
	named map[string]*fit // of a struct
	item  *fit            // of a slice, an array or an interface
	list  []field         // of a struct, if it comes as an array
}

type field struct {
	name string
	fit  *fit
}

// anything is beside what no type is known for.
var anything = interfaceFit(reflect.TypeFor[any]())

// interfaceFit lets everything be. The library makes any of what is within.
func interfaceFit(t reflect.Type) *fit {
	f := &fit{typ: t}
	f.key, f.value, f.item = &fit{typ: t}, f, f
	return f
}

var fits sync.Map // of reflect.Type, to *fit

// fitOf returns the fit of a type. It may be called from several goroutines.
func fitOf(t reflect.Type) *fit {
	if f, ok := fits.Load(t); ok {
		return f.(*fit)
	}
	f := fitter{}.fit(t)
	fits.Store(t, f)
	return f
}

// fitter makes fits, of a type and of those within it, that may be the same again.
type fitter map[reflect.Type]*fit

func (all fitter) fit(t reflect.Type) *fit {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if f := all[t]; f != nil {
		return f
	}
	// Until all of a type is known, and so from within itself, numbers are assumed in it.
	f := &fit{typ: t, numbers: true}
	all[t] = f
	switch kind := t.Kind(); {
	case implements(t, decoderTypes):
		f.numbers = false
	case kind == reflect.Interface:
		*f = *interfaceFit(t)
	case kind == reflect.Map:
		f.key, f.value = all.fit(t.Key()), all.fit(t.Elem())
		f.numbers = f.key.numbers || f.value.numbers
	case kind == reflect.Struct:
		all.fields(f, t, nil)
		f.key = all.fit(reflect.TypeFor[string]())
		f.numbers = slices.ContainsFunc(f.list, func(field field) bool { return field.fit.numbers })
		for _, sub := range f.named {
			f.numbers = f.numbers || sub.numbers
		}
	case kind != reflect.Slice && kind != reflect.Array:
		f.numbers = kind >= reflect.Int && kind <= reflect.Uint64 || kind == reflect.Float32 || kind == reflect.Float64
	case t.Elem().Kind() == reflect.Uint8: // whatever its methods
		f.numbers = false
	default:
		f.item = all.fit(t.Elem())
		f.numbers = f.item.numbers
	}
	return f
}

// holds reports whether p, if it is an integer, can be stored without being wrapped.
func (f *fit) holds(p Payload) bool {
	n, large, ok := p.integer()
	if !ok {
		return true
	}
	switch kind := f.typ.Kind(); {
	case kind >= reflect.Int && kind <= reflect.Int64:
		spare := 64 - f.typ.Bits()
		return !large && n == n<<spare>>spare
	case kind >= reflect.Uint && kind <= reflect.Uint64:
		return (large || n >= 0) && uint64(n)>>f.typ.Bits() == 0
	case kind == reflect.Float32, kind == reflect.Float64:
		return !large // the library makes an int64 of it first
	}
	return true
}

// String returns the name of the type, with an article.
func (f *fit) String() string {
	name := strings.NewReplacer("interface {}", "any", "[]uint8", "[]byte").Replace(f.typ.String())
	if f.typ.Kind() == reflect.Struct && f.typ.Name() == "" {
		name = "struct"
	}
	if strings.ContainsRune("aeio", rune(name[0])) { // but a uint
		return "an " + name
	}
	return "a " + name
}

// fields adds the fields of the struct type t to f, by the library's rules: the last of a
// name is the one for a map, and an array has all of them. Those of t are embedded in those
// of the types around it.
func (all fitter) fields(f *fit, t reflect.Type, around []reflect.Type) {
	around = append(around, t)
	f.named = map[string]*fit{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options := parseTag(field.Tag)
		if name == "-" || !field.IsExported() && !field.Anonymous {
			continue
		}
		name = cmp.Or(name, field.Name)
		_, apart := options["noinline"]
		_, inline := options["inline"]
		sub := all.fit(field.Type)
		if field.Anonymous && !apart && all.inline(f, field.Type, inline, around) {
			f.named[name] = sub // a map may have it as a whole
			continue
		}
		f.add(name, sub)
		if alias, ok := options["alias"]; ok {
			f.named[alias] = sub
		}
	}
}

// inline adds the fields of an embedded type to those of f, and reports whether it did. What
// f has already goes before, and unless it is forced a type that would add that, or that is
// encoded or decoded by itself, is a field as others are.
func (all fitter) inline(f *fit, t reflect.Type, forced bool, around []reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || !forced && (implements(t, decoderTypes) || implements(t, encoderTypes)) {
		return false
	}
	if slices.Contains(around, t) {
		return false // the library can't decode into it at all
	}
	var sub fit
	all.fields(&sub, t, around)
	for _, field := range sub.list {
		if f.named[field.name] != nil && !forced {
			return false
		}
	}
	for _, field := range sub.list {
		if f.named[field.name] == nil || !forced {
			f.add(field.name, field.fit)
		}
	}
	return true
}

func (f *fit) add(name string, sub *fit) {
	f.named[name] = sub
	f.list = append(f.list, field{name, sub})
}

// parseTag returns the name and the options in a field's tag, without the quotes and escapes
// that the library knows there.
func parseTag(tag reflect.StructTag) (name string, options map[string]string) {
	options = map[string]string{}
	for i, part := range strings.Split(cmp.Or(tag.Get("msgpack"), tag.Get("json")), ",") {
		key, value, pair := strings.Cut(part, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if i == 0 && !pair {
			name = key
		} else {
			options[key] = value
		}
	}
	return name, options
}

// What makes the library leave a value to its type.
var (
	decoderTypes = []reflect.Type{
		reflect.TypeFor[msgpack.CustomDecoder](), reflect.TypeFor[msgpack.Unmarshaler](),
		reflect.TypeFor[encoding.BinaryUnmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}
	encoderTypes = []reflect.Type{
		reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.Marshaler](),
		reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler](),
	}
)

// implements reports whether t or a pointer to it implements one of some interfaces.
func implements(t reflect.Type, some []reflect.Type) bool {
	return slices.ContainsFunc(some, reflect.PointerTo(t).Implements)
}
