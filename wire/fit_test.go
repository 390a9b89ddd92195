package wire

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// TestMisfit says what does not fit, and where.
func TestMisfit(t *testing.T) {
	type job struct {
		N    int8           `json:"n"`
		When time.Time      `json:"when"`
		Addr netip.Addr     `json:"addr"`
		Max  map[int8]uint8 `json:"max"`
		Next *job           `json:"next"`
		Data []byte
		Any  any
		In   struct{ A, B int } `json:"in"`
	}
	in := func(key string, v any) any { return map[string]any{key: v} }
	for _, c := range []struct {
		v, into any
		want    string
	}{
		{300, new(int8), "300 does not fit an int8"},
		{-1, new(uint64), "-1 does not fit a uint64"},
		{uint64(math.MaxUint64), new(int), "18446744073709551615 does not fit an int"},
		{uint64(math.MaxUint64), new(float64), "18446744073709551615 does not fit a float64"},
		{uint64(math.MaxUint64), new(time.Duration), "18446744073709551615 does not fit a time.Duration"},
		{[]any{1, 2, 3, in("n", 300)}, new([]job), "[3].n: 300 does not fit an int8"},
		{in("next", in("next", in("n", -129))), new(job), "next.next.n: -129 does not fit an int8"},
		{in("max", map[int]int{-300: 5}), new(job), "max, a key: -300 does not fit an int8"},
		{in("max", map[int]int{-3: 500}), new(job), "max[-3]: 500 does not fit a uint8"},
		{in("a key", in("n", 200)), new(map[string]job), `["a key"].n: 200 does not fit an int8`},
		{in("next", []any{1}), new(job), "next: an array of 1 does not fit a wire.job: msgpack: number of fields in array-encoded struct has changed"},
		{in("in", []int{1, 2, 3}), new(job), "in: an array of 3 does not fit a struct: msgpack: number of fields in array-encoded struct has changed"},
		{in("when", "noon"), new(map[string]time.Time), "when: a string does not fit a time.Time"},
		{in("when", "noon"), new(job), "when: a string does not fit a time.Time"},
		{in("addr", 5), new(job), "addr: an integer does not fit a netip.Addr"},
		{in("addr", "x"), new(job), `addr: a string does not fit a netip.Addr: unexpected slice size`},
		{in("Data", true), new(job), "Data: a bool does not fit a []byte"},
		{in("Any", []any{msgpack.RawMessage{0xd4, 99, 0}}), new(job), "Any[0]: an ext does not fit an any: msgpack: unknown ext id=99"},
		{5, new(string), "an integer does not fit a string"},
		{1.5, new(int), "a float does not fit an int"},
		{[]byte{1, 2, 3}, new([2]byte), "a bin does not fit a [2]uint8: [2]uint8 len is 2, but msgpack has 3 elements"},
		{[]int{1}, new(map[string]any), "an array of 1 does not fit a map[string]any"},
		{map[int]int{1: 2}, new(job), "a key: an integer does not fit a string"},
		{in("A", 5), new(struct{ A chan int }), "msgpack: Decode(unsupported chan int)"},
		{in(strings.Repeat("x", 1000), 300), new(map[string]int8), `["` + strings.Repeat("x", maxSegment) + `"]: 300 does not fit an int8`},
	} {
		if err := mustEncode(c.v).Decode(c.into); err == nil || err.Error() != c.want {
			t.Errorf("%v into a %T: %v; want %s", c.v, c.into, err, c.want)
		}
	}
	var shape fitShape[int8, uint64, uint16, float64]
	if err := mustEncode(make([]any, fitShapeFields)).Decode(&shape); err != nil {
		t.Error(err)
	}
	type Knot struct {
		*Knot
		N int
	}
	var unused struct {
		A int8
		K *Knot // the library never comes to it, and would not come back
	}
	if err := mustEncode(in("A", 5)).Decode(&unused); err != nil {
		t.Error(err)
	}
	var n int8
	var v any = &n
	if err := mustEncode(300).Decode(&v); err == nil {
		t.Errorf("through an any: %d", n)
	}
}

// exact is a number whose own decoder finds out whether it would wrap, and so an independent
// witness: which number goes where is the library's business alone.
type exact[T comparable] struct{ V T }

var wrapped bool

func (x *exact[T]) DecodeMsgpack(d *msgpack.Decoder) error {
	code, err := d.PeekCode()
	if err != nil {
		return err
	}
	if code == mpInt64 || code == mpUint64 {
		var n any
		if n, err = d.DecodeInterface(); err != nil {
			return err
		}
		large, _ := n.(uint64)
		small, _ := n.(int64)
		switch any(x.V).(type) {
		case int8:
			wrapped = wrapped || large > 0 || small != int64(int8(small))
		case uint16:
			wrapped = wrapped || large > 0 || small != int64(uint16(small))
		case uint64:
			wrapped = wrapped || small < 0
		case float64:
			wrapped = wrapped || large > 0
		}
		return nil
	}
	return d.Decode(&x.V)
}

// Types of which there are two each: as they are, and with exact numbers.
type (
	fitPoint[S, U comparable] struct{ X, Y S }
	fitBase[S comparable]     struct{ A, N S }
	FitPtr[U comparable]      struct{ P, Q U }
	FitText[U comparable]     struct{ T U }
	fitApart[S, U comparable] struct {
		FitTwice[S, U] `msgpack:"x,noinline"`
	}
	FitClash[S, U comparable] struct {
		Z     U
		Other S
	}
	FitTwice[S, U comparable] struct {
		B U `json:"b"`
		Z S
	}
	fitShape[S, U, W, F comparable] struct {
		A       S `msgpack:"a" json:"z"`
		B       U `json:"b,omitempty"`
		C       *S
		D       []S     `json:"d"`
		E       map[S]U `json:"e"`
		F       F       `json:"f"`
		G       [2]W    `json:"g"`
		Ignored U       `json:"-"`
		fitBase[S]
		*FitPtr[U] `msgpack:"ptr"`
		FitText[W]
		FitTwice[S, U] `msgpack:",inline"`
		FitClash[S, U]
		Apart  fitApart[S, U]
		Point  fitPoint[S, U]
		Points map[string][]*fitPoint[S, U]
		Next   *fitShape[S, U, W, F] `json:"next"`
		Any    any
		When   *time.Time
		Raw    Payload
		S      string
		Bytes  []byte
		Q      W `msgpack:"q,alias:r"`
	}
)

func (FitText[U]) MarshalText() ([]byte, error) { return nil, nil }

// fitNames are keys that mean something in these types, and some that don't.
var fitNames = strings.Fields("a b C d e f g Ignored - hidden A N fitBase ptr P Q FitPtr FitText T B Z FitTwice FitClash Other Apart x X Y Point Points next Any When Raw S Bytes q r zzz")

var fitNumbers = []any{0, 1, -1, 127, 128, -128, -129, 255, 65535, 65536, -70000, int64(1 << 40), int64(math.MinInt64), int64(math.MaxInt64), uint64(1 << 63), uint64(math.MaxUint64), 1.5, float32(2)}

// fitShapeFields is how long an array is that stands for a fitShape.
const fitShapeFields = 24

// fitValue makes a value that choose decides on.
func fitValue(choose func(int) int, depth int) any {
	kind := choose(16)
	switch {
	case kind < 6 || depth == 0:
		return fitNumbers[choose(len(fitNumbers))]
	case kind < 9:
		m := map[any]any{}
		for range choose(4) {
			m[fitNames[choose(len(fitNames))]] = fitValue(choose, depth-1)
		}
		return m
	case kind < 10:
		return map[any]any{fitNumbers[choose(len(fitNumbers))]: fitValue(choose, depth-1)}
	case kind < 13:
		a := []any{}
		for range choose(4) {
			a = append(a, fitValue(choose, depth-1))
		}
		return a
	case kind < 14:
		a := make([]any, fitShapeFields)
		for range choose(4) {
			a[choose(len(a))] = fitValue(choose, depth-1)
		}
		return a
	case kind < 15:
		return nil
	}
	return []any{"text", []byte{1, 2}, true, time.Unix(5, 0)}[choose(4)]
}

// FuzzFit holds the check of numbers against the library: it refuses a value if and only if
// a number in it would wrap, and changes nothing else.
func FuzzFit(f *testing.F) {
	type (
		shape  = fitShape[int8, uint64, uint16, float64]
		point  = fitPoint[int8, uint64]
		xs     = exact[int8]
		xu     = exact[uint64]
		xw     = exact[uint16]
		xf     = exact[float64]
		xshape = fitShape[xs, xu, xw, xf]
		xpoint = fitPoint[xs, xu]
	)
	random := rand.NewChaCha8([32]byte{})
	for range 3000 {
		seed := make([]byte, 60)
		_, _ = random.Read(seed)
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		choose := func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			c := int(choices[0])
			choices = choices[1:]
			return c % n
		}
		p, err := Encode(fitValue(choose, 6))
		if err != nil {
			t.Skip()
		}
		for _, c := range [][2]any{
			{shape{}, xshape{}}, {[]shape{}, []xshape{}}, {point{}, xpoint{}}, {fitApart[int8, uint64]{}, fitApart[xs, xu]{}}, {[]point{}, []xpoint{}},
			{map[string]*point{}, map[string]*xpoint{}}, {map[point]int{}, map[xpoint]int{}},
			{map[int8][]uint64{}, map[xs][]xu{}}, {int8(0), xs{}}, {new(uint64), new(xu)}, {[3]float64{}, [3]xf{}},
			{[][]uint16{}, [][]xw{}},
		} {
			before, after := reflect.New(reflect.TypeOf(c[0])), reflect.New(reflect.TypeOf(c[0]))
			errBefore, errAfter := decodeUnchecked(p, before.Interface()), p.Decode(after.Interface())
			wrapped = false
			errExact := decodeUnchecked(p, reflect.New(reflect.TypeOf(c[1])).Interface())
			switch {
			case (errBefore == nil) != (errExact == nil):
				t.Fatalf("the witness is wrong: % x into a %T: %v, %v", p, c[0], errBefore, errExact)
			case (errAfter == nil) != (errBefore == nil && !wrapped):
				t.Fatalf("% x into a %T: before %v, wrapped: %t, after %v", p, c[0], errBefore, wrapped, errAfter)
			case errAfter == nil && fmt.Sprintf("%#v", before) != fmt.Sprintf("%#v", after) && !reflect.DeepEqual(before.Interface(), after.Interface()):
				t.Fatalf("% x into a %T: %+v, %+v", p, c[0], before, after)
			}
		}
	})
}

// decodeUnchecked decodes as the library does.
func decodeUnchecked(p Payload, v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	d := &decoder{Decoder: msgpack.NewDecoder(nil)}
	d.src.reset(p)
	d.Reset(&d.src)
	d.SetCustomStructTag("json")
	d.SetMapDecoder(decodeMap)
	return d.Decode(v)
}
