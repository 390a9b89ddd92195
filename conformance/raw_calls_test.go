//go:build linux

package conformance

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// rawCall is an exchange that the host has opened. All of it is guarded by the worker's mu.
type rawCall struct {
	id      uint64
	queue   []rawItem
	ended   bool  // the host's direction
	balance int64 // what may be sent
	theirs  int64 // what the host may send
	eaten   int64 // consumed and not yet granted
	sent    int
	over    bool
	stopped wire.Code // why the handler is to stop; "" if it is not
	stop    chan struct{}
}

// rawItem is a value that has arrived, or the error that ended them.
type rawItem struct {
	p      wire.Payload
	length int64
	err    error
}

var errNoMore = errors.New("no more values")

func (w *rawWorker) inForce(f wire.Feature) bool { return slices.Contains(w.features, f) }

// input deals with an Input.
func (w *rawWorker) input(in wire.Input, length int, body []byte) error {
	c := w.calls[in.ID]
	if in.Method == nil {
		if w.is("mixes exchanges up") && c != nil && w.last != nil {
			c = w.last
		}
		return w.continuing(c, in, length)
	}
	switch {
	case in.ID%2 == 0:
		return wire.Violatef(wire.RuleID, "%d", in.ID)
	case c != nil:
		return wire.Violatef(wire.RuleID, "%d is open", in.ID)
	}
	if w.is("ids of 32 bits") {
		in.ID &= 1<<32 - 1
	}
	window := int64(w.hello.Window)
	c = &rawCall{id: in.ID, balance: window, theirs: int64(w.window()), stop: make(chan struct{})}
	w.calls[in.ID], w.last = c, c
	left, timed := in.Meta.Timeout()
	if w.is("reads the first of two keys") {
		left, timed = firstTimeout(in.Meta)
	}
	if w.is("overflows at far deadlines") && left > math.MaxInt32*time.Millisecond {
		left = time.Millisecond
	}
	method := string(in.Method)
	late := timed && left <= 0 && !w.is("ignores deadlines in the past", "ignores deadlines")
	switch {
	case w.refusing && !w.is("takes calls after Shutdown"):
		w.end(c, wire.CodeShuttingDown, "")
	case late && w.is("looks at the deadline first"):
		w.end(c, wire.CodeDeadlineExceeded, "")
	case !slices.Contains(w.methods(), method) && !w.is("falls back to the default method"):
		w.end(c, wire.CodeUnknownMethod, method)
	case len(w.calls) > w.concurrency() && !w.is("is never overloaded"):
		w.end(c, wire.CodeOverloaded, "")
	case late:
		w.end(c, wire.CodeDeadlineExceeded, "")
	default:
		if timed && left > 0 && !w.is("ignores deadlines") {
			w.limitTime(c, left)
		}
		w.deliver(c, in, 0)
		go w.handle(c, method)
	}
	return nil
}

func (w *rawWorker) limitTime(c *rawCall, left time.Duration) {
	if w.is("ends exchanges before their time") {
		left /= 10
	}
	time.AfterFunc(left, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if c.over && w.is("ends exchanges twice when their time is up") {
			w.answer(c.id, wire.FlagEnd|wire.FlagEmpty, nil)
		}
		w.end(c, wire.CodeDeadlineExceeded, "")
	})
}

func firstTimeout(meta wire.Meta) (time.Duration, bool) {
	m := valueOf(wire.Payload(meta))
	for i := 0; i < len(m.items); i += 2 {
		if string(m.items[i].b) == "timeout_ms" {
			ms, ok := m.items[i+1].int()
			return time.Duration(min(ms, 1<<40)) * time.Millisecond, ok
		}
	}
	return 0, false
}

// continuing deals with an Input that carries on.
func (w *rawWorker) continuing(c *rawCall, in wire.Input, length int) error {
	switch {
	case c == nil && w.is("dies of frames for what is over"):
		return wire.Violatef(wire.RuleID, "%d is over", in.ID)
	case c == nil:
		return nil
	case c.ended && w.is("answers what comes behind END"):
		w.answer(in.ID, wire.FlagEnd, in.Payload)
		return nil
	case c.ended:
		return nil
	case w.is("stops reading inputs at Shutdown") && w.refusing:
		return nil
	}
	if left, ok := in.Meta.Timeout(); ok && left == 0 && w.is("takes deadlines from any Input") {
		w.end(c, wire.CodeDeadlineExceeded, "")
		return nil
	}
	if w.inForce(wire.FeatureCredit) && !in.Flags.Has(wire.FlagError) {
		if c.theirs <= 0 && !w.is("counts no credit of the host's") {
			return wire.Violatef(wire.RuleCredit, "at a balance of %d", c.theirs)
		}
		c.theirs -= int64(length)
	}
	w.deliver(c, in, int64(length))
	return nil
}

// deliver hands over what an Input carries.
func (w *rawWorker) deliver(c *rawCall, in wire.Input, length int64) {
	switch {
	case in.Flags.Has(wire.FlagError) && w.is("ignores ERROR on Inputs"):
		return
	case in.Flags.Has(wire.FlagError):
		c.queue = append(c.queue, rawItem{err: wire.ParseError(in.Payload)})
	case in.Flags.Has(wire.FlagEmpty) && in.Flags.End() && w.is("takes END with EMPTY for a value"),
		in.Flags.Has(wire.FlagEmpty) && !in.Flags.End() && in.Method == nil && w.is("takes EMPTY alone for a value"),
		in.Flags.Has(wire.FlagEmpty) && in.Method != nil && !in.Flags.End() && w.is("takes the payload of EMPTY"),
		!in.Flags.Has(wire.FlagEmpty):
		c.queue = append(c.queue, rawItem{p: in.Payload, length: length})
	default:
		w.grant(c, length)
	}
	c.ended = c.ended || in.Flags.End()
	w.more.Broadcast()
}

// grant notes that so much was consumed, and grants it in time.
func (w *rawWorker) grant(c *rawCall, length int64) {
	if w.is("grants payloads without their heads") {
		length = max(0, length-8)
	}
	c.eaten += length
	if !w.inForce(wire.FeatureCredit) || c.over || c.ended || 2*c.eaten < int64(w.window()) || w.is("grants nothing") {
		if !(w.is("grants credit unasked") && c.eaten > 0) {
			return
		}
	}
	c.theirs += c.eaten
	w.send(wire.Credit{ID: c.id, Bytes: c.eaten}.Append(nil))
	if w.is("grants credit to strangers") {
		w.send(wire.Credit{ID: c.id + 777_776, Bytes: c.eaten}.Append(nil))
	}
	c.eaten = 0
}

// recv waits for the next value.
func (w *rawWorker) recv(c *rawCall) (wire.Payload, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(c.queue) == 0 && !c.ended && c.stopped == "" && !c.over {
		w.more.Wait()
	}
	switch {
	case c.stopped != "" || c.over:
		return nil, wire.Errorf(c.stopped, "")
	case len(c.queue) == 0:
		return nil, errNoMore
	}
	item := c.queue[0]
	c.queue = c.queue[1:]
	w.grant(c, item.length)
	return item.p, item.err
}

// give sends a value, as credit allows.
func (w *rawWorker) give(c *rawCall, p wire.Payload) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.giveFlagged(c, 0, p)
}

func (w *rawWorker) giveFlagged(c *rawCall, flags wire.Flags, p wire.Payload) error {
	frame := wire.Output{ID: c.id, Flags: flags, Payload: p}.Append(nil)
	if w.is("widest ints and floats") {
		frame = widestOutput(c.id, flags, p)
	}
	size := int64(len(frame) - wire.HeaderSize)
	if w.inForce(wire.FeatureCredit) || w.is("waits for credit that is not in force") {
		w.stalled++
		for !w.maySend(c, size) && c.stopped == "" && !c.over {
			w.more.Wait()
		}
		w.stalled--
	}
	switch {
	case c.stopped != "" || c.over:
		return wire.Errorf(c.stopped, "")
	case int(size) > w.limit && !w.is("sends frames of any size"),
		w.is("finds 1000 bytes too large") && w.limit == wire.LeastMaxFrame && size > 1000:
		return wire.Errorf(wire.CodeTooLarge, "%d bytes", size)
	}
	c.balance -= size
	c.sent++
	if w.is("sets unknown flags") {
		flags |= 64
		frame = frameOf(append([]byte{0x95, 0x06}, append(append(encode(c.id), byte(flags), 0xc0), append(p, nilIfNone(p)...)...)...))
	}
	w.send(frame)
	return nil
}

func nilIfNone(p wire.Payload) []byte {
	if len(p) == 0 {
		return []byte{0xc0}
	}
	return nil
}

func widestOutput(id uint64, flags wire.Flags, p wire.Payload) []byte {
	body := appendWidest([]byte{0xdd, 0, 0, 0, 5}, value{kind: isInt, n: 6})
	body = appendWidest(body, value{kind: isInt, n: id})
	body = appendWidest(body, value{kind: isInt, n: uint64(flags)})
	body = append(body, 0xc0)
	return frameOf(append(append(body, p...), nilIfNone(p)...))
}

func (w *rawWorker) maySend(c *rawCall, size int64) bool {
	switch {
	case w.is("sends without credit"):
		return true
	case w.is("waits for credit for all of a frame"):
		return c.balance >= size
	case w.is("lets the balance overflow"):
		return int32(c.balance) > 0
	}
	return c.balance > 0
}

// answer sends an Output as it is.
func (w *rawWorker) answer(id uint64, flags wire.Flags, p wire.Payload) {
	w.send(wire.Output{ID: id, Flags: flags, Payload: p}.Append(nil))
}

// end ends an exchange with an error, unless it has ended.
func (w *rawWorker) end(c *rawCall, code wire.Code, message string) {
	if c.over {
		return
	}
	if c.stopped == "" {
		c.stopped = code
		close(c.stop)
	}
	w.over(c)
	if w.is("sends error maps that are none") {
		w.answer(c.id, wire.FlagEnd|wire.FlagError, encode(message))
		return
	}
	frame := wire.Output{ID: c.id, Flags: wire.FlagEnd | wire.FlagError, Payload: wire.Errorf(code, "%s", message).Append(nil)}.Append(nil)
	if w.is("widest ints and floats") {
		frame = widest(frame)
	}
	w.send(frame)
}

func (w *rawWorker) over(c *rawCall) {
	c.over = true
	if !(w.is("keeps the place of what was canceled") && c.stopped == wire.CodeCanceled) {
		delete(w.calls, c.id)
	}
	w.more.Broadcast()
}

// cancel deals with a Cancel.
func (w *rawWorker) cancel(m wire.Cancel) error {
	c := w.calls[m.ID]
	switch {
	case c == nil && w.is("dies of frames for what is over"):
		return wire.Violatef(wire.RuleID, "%d is over", m.ID)
	case c == nil && w.is("answers a Cancel that comes late") && w.inForce(wire.FeatureCancel):
		w.answer(m.ID, wire.FlagEnd|wire.FlagError, wire.Errorf(wire.CodeCanceled, "").Append(nil))
		return nil
	case w.is("dies of Cancel without the feature") && !w.inForce(wire.FeatureCancel):
		return wire.Violatef(wire.RuleSender, "Cancel")
	case c == nil, !w.inForce(wire.FeatureCancel) && !w.is("takes Cancel without the feature"),
		w.is("ignores Cancel"), w.is("cancels no handlers") && w.sleeping > 0,
		w.is("ends nothing that waits for credit") && w.stalled > 0:
		return nil
	}
	if w.is("ends what is canceled without an error") {
		w.over(c)
		w.answer(c.id, wire.FlagEnd|wire.FlagEmpty, nil)
		return nil
	}
	w.end(c, wire.CodeCanceled, "")
	return nil
}

// credit deals with a Credit.
func (w *rawWorker) credit(m wire.Credit) error {
	c := w.calls[m.ID]
	switch {
	case w.is("dies of Credit without the feature") && !w.inForce(wire.FeatureCredit):
		return wire.Violatef(wire.RuleSender, "Credit")
	case c == nil && w.hostCalls[m.ID] == nil && w.is("dies of frames for what is over"):
		return wire.Violatef(wire.RuleID, "%d is over", m.ID)
	case c == nil:
		return nil
	case w.is("lets the balance overflow"):
		c.balance += m.Bytes
	default:
		c.balance = min(c.balance+m.Bytes, wire.MaxCredit)
	}
	w.more.Broadcast()
	return nil
}

// handle runs a handler.
func (w *rawWorker) handle(c *rawCall, method string) {
	h := &rawHandler{w, c}
	err := h.run(method)
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.over {
		return
	}
	var failed *wire.Error
	switch {
	case errors.As(err, &failed):
		code := failed.Code
		if failed.NotRun() && !w.is("lets handlers promise that none ran") {
			code = wire.CodeFailed
		}
		if w.is("has one code for all errors") {
			code = wire.CodeFailed
		}
		w.end(c, code, failed.Message)
	case w.is("forgets END"), w.is("forgets END without values") && c.sent == 0:
		w.over(c)
	case w.is("adds a value to each END"):
		if w.giveFlagged(c, wire.FlagEnd, encode("the end")) == nil {
			w.over(c)
		}
	default:
		if w.giveFlagged(c, wire.FlagEnd|wire.FlagEmpty, nil) == nil {
			w.over(c)
		} else if !c.over {
			w.end(c, cmpCode(c.stopped), "")
		}
		if w.is("sends two ENDs") {
			w.answer(c.id, wire.FlagEnd|wire.FlagEmpty, nil)
		}
		if w.is("sends a value behind END") && strings.Contains(method, "echo") || w.is("sends a late END") {
			id := c.id
			time.AfterFunc(5*time.Millisecond, func() { w.answer(id, wire.FlagEnd|wire.FlagEmpty, nil) })
		}
	}
}

func cmpCode(code wire.Code) wire.Code {
	if code == "" {
		return wire.CodeFailed
	}
	return code
}
