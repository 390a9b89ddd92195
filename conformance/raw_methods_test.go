//go:build linux

package conformance

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// rawHandler answers one exchange.
type rawHandler struct {
	w *rawWorker
	c *rawCall
}

func (h *rawHandler) run(method string) error {
	w := h.w
	switch method {
	case "", "echo":
		return h.echo()
	}
	p, err := w.recv(h.c)
	switch {
	case errors.Is(err, errNoMore):
		return wire.Errorf(wire.CodeBadInput, "a value is needed")
	case err != nil:
		return err
	}
	in := valueOf(p)
	text := func(key string) string { v, _ := in.get(key); return string(v.b) }
	number := func(key string) (int64, error) {
		v, _ := in.get(key)
		n, ok := v.int()
		switch {
		case ok:
			return n, nil
		case w.is("dies of what it can't decode"):
			panic("no number")
		case w.is("fails at what it can't decode"):
			return 0, wire.Errorf(wire.CodeFailed, "%s is no number", key)
		}
		return 0, wire.Errorf(wire.CodeBadInput, "%s is no number", key)
	}
	switch method {
	case "count":
		n, err := number("n")
		if w.is("counts one too few") {
			n--
		}
		for i := int64(0); err == nil && i < n; i++ {
			if w.is("swaps values") && i == 17 {
				err = w.give(h.c, encode(i+1))
				i++
				err = errors.Join(err, w.give(h.c, encode(i-1)))
				continue
			}
			err = w.give(h.c, encode(i))
		}
		return err
	case "sleep":
		n, err := number("ms")
		if err != nil {
			return err
		}
		return h.sleep(time.Duration(n)*time.Millisecond, p)
	case "fail":
		return wire.Errorf(text("code"), "%s", text("message"))
	case "log":
		h.log(text("level"), text("text"))
		return w.give(h.c, encode(true))
	case "print":
		fmt.Println(text("text"))
		return w.give(h.c, encode(true))
	case "panic":
		if w.is("dies of a handler's panic") {
			panic("a handler's")
		}
		return wire.Errorf(wire.CodePanicked, "as it was asked to")
	case "exit":
		os.Exit(3)
	case "host":
		input, _ := in.get("input")
		return h.host(text("method"), input)
	}
	return h.echo()
}

// echo sends every value back.
func (h *rawHandler) echo() error {
	w := h.w
	for n := 0; ; n++ {
		p, err := w.recv(h.c)
		switch {
		case errors.Is(err, errNoMore):
			return nil
		case err != nil:
			return err
		case n == 1 && w.is("fails at a second value"):
			return wire.Errorf(wire.CodeFailed, "one value is enough")
		case n == 1 && w.is("takes one value"):
			return wire.Errorf(wire.CodeBadInput, "one value is enough")
		case n >= 1 && w.is("takes the first value alone"):
			continue
		}
		w.mu.Lock()
		w.seen++
		mixed := w.is("mixes answers up") && w.seen%97 == 0
		w.mu.Unlock()
		if mixed {
			p = encode("another's")
		}
		if err := w.give(h.c, w.mangle(p)); err != nil {
			return err
		}
		if n == 100 && w.is("repeats a value") {
			w.give(h.c, p)
		}
	}
}

// mangle makes of a payload what a worker with that deviation sends back.
func (w *rawWorker) mangle(p wire.Payload) wire.Payload {
	v := valueOf(p)
	first := byte(0xc0)
	if len(p) > 0 {
		first = p[0]
	}
	switch {
	case w.is("answers something else"):
		return encode("something else")
	case w.is("payload: nil is false") && v.kind == isNil:
		return encode(false)
	case w.is("payload: bools are ints") && v.kind == isBool:
		return encode(1)
	case w.is("payload: ints have 16 bits") && v.kind == isInt && len(p) > 3 && len(p) < 9:
		return append(wire.Payload{0xd1}, p[len(p)-2:]...)
	case w.is("payload: ints have 32 bits") && v.kind == isInt && len(p) == 9:
		return append(wire.Payload{0xce}, p[5:]...)
	case w.is("payload: ints are floats") && v.kind == isInt && len(p) == 9:
		return floatInt(v)
	case w.is("payload: ints are signed") && first == 0xcf && p[1] >= 0x80:
		return append(wire.Payload{0xd3}, p[1:]...)
	case w.is("payload: floats have 32 bits") && first == 0xcb:
		return encode(float32(v.f))
	case w.is("payload: floats are ints") && v.kind == isFloat && !math.IsNaN(v.f):
		return encode(int64(v.f))
	case w.is("payload: NaN is nil") && v.kind == isFloat && math.IsNaN(v.f):
		return nil
	case w.is("payload: a str is bin") && v.kind == isStr:
		return encode(v.b)
	case w.is("payload: bin is a str") && v.kind == isBin:
		return encode(strings.ToValidUTF8(string(v.b), "?"))
	case w.is("payload: long arrays are cut") && first == 0xdd:
		return append(wire.Payload{0xdd, 0, 0, 0, 1}, 0xc0)
	case w.is("payload: maps lose a key") && v.kind == isMap && len(v.items) > 4:
		return encode(map[string]int{"a": 1})
	case w.is("payload: keys are str") && v.kind == isMap && len(v.items) > 0 && v.items[0].kind == isInt:
		return encode(map[string]int{fmt.Sprint(v.items[0].n): 5})
	case w.is("payload: ext loses its type") && v.kind == isExt && v.ext != timestamp:
		return encode(v.b)
	case w.is("payload: timestamps have no nanoseconds") && v.kind == isExt && v.ext == timestamp && len(v.b) == 8:
		return append(wire.Payload{0xd6, 0xff}, v.b[4:]...)
	case w.is("payload: what is deep is nil") && depth(v) > 20 && depth(v) < 60:
		return nil
	}
	return p
}

func floatInt(v value) wire.Payload {
	f := v.float()
	if f < 0 {
		return encode(int64(f))
	}
	if f >= 1<<63 {
		return binary.BigEndian.AppendUint64(wire.Payload{0xcf}, uint64(math.Min(f, 1<<63)))
	}
	return encode(uint64(f))
}

func (h *rawHandler) sleep(d time.Duration, p wire.Payload) error {
	w := h.w
	count := func(n int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sleeping += n
		w.more.Broadcast()
	}
	count(1)
	defer count(-1)
	select {
	case <-time.After(d):
		return w.give(h.c, p)
	case <-h.c.stop:
		if w.is("sends what comes too late") && d < time.Second {
			time.Sleep(100 * time.Millisecond)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.answer(h.c.id, wire.FlagEnd, p)
		}
		return wire.Errorf(wire.CodeCanceled, "")
	}
}

func (h *rawHandler) log(level, text string) {
	w := h.w
	w.mu.Lock()
	on := w.inForce(wire.FeatureLog)
	w.mu.Unlock()
	switch {
	case w.is("logs without the feature"):
	case !on:
		fmt.Fprintln(os.Stderr, level, text)
		return
	case w.is("has levels of its own") && level == "warn":
		level = "warning"
	case w.is("logs all as info"):
		level = "info"
	case w.is("drops its log"):
		return
	}
	at := time.Now()
	if w.is("logs the time in seconds") {
		at = time.UnixMilli(at.Unix())
	}
	w.send(wire.Log{Level: level, Time: at, Message: text}.Append(nil))
}

// rawHostCall is a call of the host.
type rawHostCall struct {
	done  bool
	value wire.Payload
	err   *wire.Error
}

// host calls a method of the host and sends its answer back.
func (h *rawHandler) host(method string, input value) error {
	w := h.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.inForce(wire.FeatureHostCall) && !w.is("calls its host without the feature") {
		return wire.Errorf(wire.CodeFailed, "there is no host to call")
	}
	for len(w.hostCalls) >= w.hello.Concurrency && !w.is("calls its host without limit") && h.c.stopped == "" {
		w.more.Wait()
	}
	id := w.nextID
	switch {
	case w.is("uses odd ids"):
		id++
	case w.is("uses an id twice"):
		w.nextID -= 2
	}
	w.nextID += 2
	x := &rawHostCall{}
	w.hostCalls[id] = x
	w.send(wire.Input{ID: id, Flags: wire.FlagEnd, Method: []byte(method), Payload: encode(input.n)}.Append(nil))
	for !x.done && h.c.stopped == "" {
		w.more.Wait()
	}
	if !x.done {
		if w.inForce(wire.FeatureCancel) && !w.is("cancels no call of its host") {
			w.send(wire.Cancel{ID: id}.Append(nil))
		}
		return wire.Errorf(wire.CodeCanceled, "")
	}
	if x.err != nil && !w.is("takes an error of its host for a value") {
		return wire.Errorf("host."+x.err.Code, "")
	}
	return w.giveFlagged(h.c, 0, x.value)
}

// output deals with an Output of the host.
func (w *rawWorker) output(m wire.Output) error {
	x := w.hostCalls[m.ID]
	switch {
	case x == nil && w.is("dies of frames for what is over"):
		return wire.Violatef(wire.RuleID, "%d is over", m.ID)
	case x == nil && w.is("takes Outputs for its own exchanges"):
		delete(w.calls, m.ID)
		return nil
	case x == nil && w.is("dies of late answers") && m.ID%2 == 0 && m.ID < w.nextID:
		return wire.Violatef(wire.RuleID, "%d is over", m.ID)
	case x == nil, w.is("calls no host in its grace") && w.refusing:
		return nil
	case m.Flags.Has(wire.FlagError):
		x.err = wire.ParseError(m.Payload)
	case !m.Flags.Has(wire.FlagEmpty):
		x.value = m.Payload
	case w.is("takes the last Output for the answer"):
		x.value = nil
	}
	if m.Flags.End() {
		x.done = true
		delete(w.hostCalls, m.ID)
		w.more.Broadcast()
	}
	return nil
}
