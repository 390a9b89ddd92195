package exchange_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"reflect"
	"testing"

	"go.uber.org/goleak"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// The typed helpers, against an exchange that does as it is told.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a Request and an Exchange: it receives what is in, then end, and keeps what is sent.
type fake struct {
	in     []any
	end    error // io.EOF if nil
	out    []any
	fail   error // of Send
	closed int
	reply  bool
	recvs  int
}

func (f *fake) Method() string   { return "m" }
func (f *fake) Meta() wire.Meta  { return nil }
func (f *fake) Close()           { f.closed++ }
func (f *fake) CloseSend() error { return nil }

func (f *fake) Recv() (wire.Payload, error) {
	f.recvs++
	if len(f.in) == 0 {
		if f.end != nil {
			return nil, f.end
		}
		return nil, io.EOF
	}
	p, err := wire.Encode(f.in[0])
	f.in = f.in[1:]
	return p, err
}

func (f *fake) RecvInto(out any) error {
	p, err := f.Recv()
	if err != nil {
		return err
	}
	return p.Decode(out)
}

func (f *fake) Send(v any) error {
	if f.fail != nil {
		return f.fail
	}
	f.out = append(f.out, v)
	return nil
}

func (f *fake) Reply(v any) error {
	f.reply = true
	return f.Send(v)
}

var errTest = errors.New("test")

func isCode(err error, code wire.Code) bool {
	var e *wire.Error
	return errors.As(err, &e) && e.Code == code
}

func TestFunc(t *testing.T) {
	double := exchange.Func(func(_ context.Context, n int) (int, error) {
		if n < 0 {
			return 0, errTest
		}
		return 2 * n, nil
	})
	for _, test := range []struct {
		name string
		f    fake
		out  []any
		is   func(error) bool
	}{
		{"a value", fake{in: []any{21}}, []any{42}, nil},
		{"no value is the zero value", fake{}, []any{0}, nil},
		{"nil is the zero value", fake{in: []any{nil}}, []any{0}, nil},
		{"more than one value", fake{in: []any{1, 2}}, []any{2}, nil},
		{"a value of another type", fake{in: []any{"text"}}, nil, func(err error) bool { return isCode(err, wire.CodeBadInput) }},
		{"an error of the function", fake{in: []any{-1}}, nil, func(err error) bool { return err == errTest }},
		{"an error of the opener", fake{end: wire.Errorf("mine", "")}, nil, func(err error) bool { return isCode(err, "mine") }},
		{"an error of the reply", fake{in: []any{1}, fail: errTest}, nil, func(err error) bool { return err == errTest }},
	} {
		err := double(t.Context(), &test.f)
		if (test.is == nil) != (err == nil) || err != nil && !test.is(err) || !reflect.DeepEqual(test.f.out, test.out) {
			t.Errorf("%s: %v, %v; want %v", test.name, test.f.out, err, test.out)
		}
		if err == nil && !test.f.reply {
			t.Errorf("%s: the value does not end the exchange", test.name)
		}
	}
}

func TestFuncOfBytesAndPayloads(t *testing.T) {
	f := fake{in: []any{[]byte("bytes")}}
	err := exchange.Func(func(_ context.Context, b []byte) ([]byte, error) { return b, nil })(t.Context(), &f)
	if err != nil || !reflect.DeepEqual(f.out, []any{[]byte("bytes")}) {
		t.Errorf("%v, %v", f.out, err)
	}
	f = fake{in: []any{map[string]int{"a": 1}}}
	err = exchange.Func(func(_ context.Context, p wire.Payload) (wire.Payload, error) { return p, nil })(t.Context(), &f)
	want, _ := wire.Encode(map[string]int{"a": 1})
	if err != nil || !reflect.DeepEqual(f.out, []any{want}) {
		t.Errorf("%v, %v", f.out, err)
	}
}

func TestStream(t *testing.T) {
	stopped := false
	count := exchange.Stream(func(_ context.Context, n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					stopped = true
					return
				}
			}
			if n == 3 {
				yield(99, errTest)
			}
		}
	})
	f := fake{in: []any{2}}
	if err := count(t.Context(), &f); err != nil || !reflect.DeepEqual(f.out, []any{0, 1}) || f.reply {
		t.Errorf("%v, %v", f.out, err)
	}
	f = fake{in: []any{3}}
	if err := count(t.Context(), &f); err != errTest || !reflect.DeepEqual(f.out, []any{0, 1, 2}) {
		t.Errorf("with an error as its last: %v, %v", f.out, err)
	}
	f = fake{in: []any{5}, fail: errTest}
	if err := count(t.Context(), &f); err != errTest || !stopped {
		t.Errorf("to somebody who is gone: %v, stopped %v", err, stopped)
	}
	f = fake{in: []any{"text"}}
	if err := count(t.Context(), &f); !isCode(err, wire.CodeBadInput) {
		t.Errorf("of bad input: %v", err)
	}
	f = fake{}
	if err := count(t.Context(), &f); err != nil || f.out != nil {
		t.Errorf("of nothing: %v, %v", f.out, err)
	}
}

func TestDuplex(t *testing.T) {
	var last error
	sums := exchange.Duplex(func(_ context.Context, in iter.Seq2[int, error]) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			sum := 0
			for n, err := range in {
				if last = err; err != nil {
					yield(0, err)
					return
				}
				if sum += n; !yield(sum, nil) {
					return
				}
			}
		}
	})
	f := fake{in: []any{1, 2, 3}}
	if err := sums(t.Context(), &f); err != nil || !reflect.DeepEqual(f.out, []any{1, 3, 6}) {
		t.Errorf("%v, %v", f.out, err)
	}
	f = fake{in: []any{1, "text", 3}}
	if err := sums(t.Context(), &f); !isCode(err, wire.CodeBadInput) || !reflect.DeepEqual(f.out, []any{1}) || f.recvs != 2 {
		t.Errorf("with a value of another type: %v, %v after %d values", f.out, err, f.recvs)
	}
	f = fake{in: []any{1}, end: errTest}
	if err := sums(t.Context(), &f); err != errTest || last != errTest {
		t.Errorf("with an error of the opener: %v, %v", err, last)
	}
	f = fake{in: []any{1, 2}, fail: errTest}
	if err := sums(t.Context(), &f); err != errTest || f.recvs != 1 {
		t.Errorf("to somebody who is gone: %v after %d values", err, f.recvs)
	}
	ignores := exchange.Duplex(func(context.Context, iter.Seq2[int, error]) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) { yield(7, nil) }
	})
	f = fake{in: []any{1, 2}}
	if err := ignores(t.Context(), &f); err != nil || !reflect.DeepEqual(f.out, []any{7}) || f.recvs != 0 {
		t.Errorf("that reads nothing: %v, %v", f.out, err)
	}
}

func TestValues(t *testing.T) {
	collect := func(f *fake, most int) (got []int, err error) {
		for n, e := range exchange.Values[int](f) {
			if e != nil {
				return got, e
			}
			if got = append(got, n); len(got) == most {
				break
			}
		}
		return got, nil
	}
	for _, test := range []struct {
		name string
		f    fake
		most int
		want []int
		is   func(error) bool
	}{
		{"all", fake{in: []any{1, 2}}, -1, []int{1, 2}, nil},
		{"none", fake{}, -1, nil, nil},
		{"the first", fake{in: []any{1, 2}}, 1, []int{1}, nil},
		{"an error", fake{in: []any{1}, end: wire.Errorf("mine", "")}, -1, []int{1}, func(err error) bool { return isCode(err, "mine") }},
		// It is not the other side that has said so.
		{"another type", fake{in: []any{1, "text"}}, -1, []int{1}, func(err error) bool { return !errors.As(err, new(*wire.Error)) }},
	} {
		got, err := collect(&test.f, test.most)
		if (test.is == nil) != (err == nil) || err != nil && !test.is(err) || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, %v; want %v", test.name, got, err, test.want)
		}
		if test.f.closed != 1 {
			t.Errorf("%s: closed %d times", test.name, test.f.closed)
		}
	}
}

// caller answers every call with what it was sent.
type caller struct{ fail error }

func (c caller) Call(_ context.Context, _ string, in, out any) error {
	if c.fail != nil {
		return c.fail
	}
	p, err := wire.Encode(in)
	if err != nil {
		return err
	}
	return p.Decode(out)
}

func (c caller) Open(context.Context, string, any) (exchange.Exchange, error) { return nil, c.fail }

func TestCall(t *testing.T) {
	if got, err := exchange.Call[[]string](t.Context(), caller{}, "m", []string{"a"}); err != nil || !reflect.DeepEqual(got, []string{"a"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := exchange.Call[int](t.Context(), caller{}, "m", "text"); err == nil || got != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := exchange.Call[int](t.Context(), caller{fail: errTest}, "m", 1); err != errTest {
		t.Errorf("%v", err)
	}
}
