package conformance

import (
	"bytes"
	"fmt"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// now is when something has happened.
func now() time.Time { return time.Now() }

// exchange is one that the host has opened.
type exchange struct {
	id       uint64
	method   string
	canceled bool
	balance  int64 // what the host may still send, in bytes; see Credit
	granted  int64 // by the worker, so far
	owed     int64 // what the worker may still send
	consumed int64 // of what it has sent, without Credit for it so far

	over    bool
	values  []wire.Payload
	lengths []int // of the Outputs
	err     *wire.Error
	event   int // when it ended
	at      time.Time
}

// hostCall is an exchange that the worker has opened.
type hostCall struct {
	id       uint64
	method   string
	values   []wire.Payload
	ended    bool // its Inputs
	canceled bool
	over     bool
	owed     int64
}

// noteOutput holds an Output against its exchange.
func (r *record) noteOutput(m wire.Message, v value, body []byte) {
	out, err := m.Output()
	if err != nil {
		r.breaks("an Output as in its table", err.Error(), body)
		return
	}
	x := r.exchanges[out.ID]
	switch {
	case x == nil && r.provoked: // of what the host should not have asked
		return
	case x == nil:
		r.breaks("Outputs of exchanges that the host has opened", fmt.Sprintf("one with the id %d", out.ID), body)
		return
	case x.over:
		r.breaks("nothing of an exchange after its END", fmt.Sprintf("another Output with the id %d", out.ID), body)
		return
	}
	r.checkFlags(v, out.Flags, out.Payload, body)
	if r.inForce(wire.FeatureCredit) && !out.Flags.Has(wire.FlagError) {
		if x.owed <= 0 {
			r.breaks("no Output at a balance of 0 or less", fmt.Sprintf("one of %d bytes at a balance of %d", len(body), x.owed), body)
		}
		x.owed -= int64(len(body))
		x.consumed += int64(len(body))
		if !r.manual && !out.Flags.End() && x.owed <= r.window()/2 {
			grant := wire.Credit{ID: x.id, Bytes: x.consumed}.Append(nil)
			x.consumed = 0
			r.noteSent(grant)
			r.grants = append(r.grants, grant)
		}
	}
	x.lengths = append(x.lengths, len(body))
	switch {
	case out.Flags.Has(wire.FlagError):
		x.err = wire.ParseError(out.Payload)
		x.err.Data = bytes.Clone(x.err.Data)
	case !out.Flags.Has(wire.FlagEmpty):
		x.values = append(x.values, bytes.Clone(out.Payload))
	}
	if out.Flags.End() {
		x.over, x.event, x.at = true, r.events, now()
	}
}

// checkFlags holds the flags of an Input or Output against their table, and the payload
// against the flags.
func (r *record) checkFlags(v value, flags wire.Flags, p wire.Payload, body []byte) {
	n, _ := value{}.int()
	if len(v.items) > 2 {
		n, _ = v.items[2].int()
	}
	switch {
	case n&^7 != 0:
		r.breaks("flags of which only the bits 1, 2 and 4 are set", fmt.Sprint(n), body)
	case flags.Has(wire.FlagError):
		r.checkError(valueOf(p), body)
	case flags.Has(wire.FlagEmpty) && !p.IsNil():
		r.breaks("a payload of nil with EMPTY", valueOf(p).String(), body)
	}
}

// checkError holds an error map against its table.
func (r *record) checkError(e value, body []byte) {
	code, hasCode := e.get("code")
	message, hasMessage := e.get("message")
	switch {
	case e.kind != isMap:
		r.breaks("an error map", e.String(), body)
	case hasCode && code.kind != isStr && code.kind != isNil:
		r.breaks("an error map whose code is a str", code.String(), body)
	case hasMessage && message.kind != isStr && message.kind != isNil:
		r.breaks("an error map whose message is a str", message.String(), body)
	}
	for i := 0; e.kind == isMap && i < len(e.items); i += 2 {
		if e.items[i].kind != isStr {
			r.breaks("an error map whose keys are str", e.items[i].String(), body)
		}
	}
}

// noteCredit holds a Credit against its exchange and its feature.
func (r *record) noteCredit(m wire.Message, body []byte) {
	c, err := m.Credit()
	switch {
	case err != nil:
		r.breaks("a Credit as in its table", err.Error(), body)
	case !r.inForce(wire.FeatureCredit):
		r.breaks("no Credit without the feature in force", "a Credit", body)
	case r.exchanges[c.ID] != nil:
		x := r.exchanges[c.ID]
		x.balance = min(x.balance+c.Bytes, wire.MaxCredit)
		x.granted += c.Bytes
	case r.hostCalls[c.ID] != nil:
	default:
		r.breaks("Credit for exchanges that there are", fmt.Sprintf("one for the id %d", c.ID), body)
	}
}

// noteTheirInput holds an Input of the worker, which calls its host, against the rules.
func (r *record) noteTheirInput(m wire.Message, v value, body []byte) {
	in, err := m.Input()
	if err != nil {
		r.breaks("an Input as in its table", err.Error(), body)
		return
	}
	x := r.hostCalls[in.ID]
	switch {
	case !r.inForce(wire.FeatureHostCall):
		r.breaks("no Input without host-call in force", "an Input", body)
		return
	case in.ID%2 != 0:
		r.breaks("even ids for what the child opens", fmt.Sprintf("the id %d", in.ID), body)
		return
	case in.Method != nil && x != nil:
		r.breaks("each id to be used once", fmt.Sprintf("the id %d once more", in.ID), body)
		return
	case in.Method == nil && (x == nil || x.ended || x.canceled):
		r.breaks("continuing Inputs of exchanges whose Inputs have not ended", fmt.Sprintf("one with the id %d", in.ID), body)
		return
	}
	r.checkFlags(v, in.Flags, in.Payload, body)
	if in.Method != nil {
		x = &hostCall{id: in.ID, method: string(in.Method), owed: r.window()}
		r.hostCalls[in.ID] = x
		r.checkHostConcurrency(body)
	} else if r.inForce(wire.FeatureCredit) && !in.Flags.Has(wire.FlagError) {
		if x.owed <= 0 {
			r.breaks("no Input at a balance of 0 or less", fmt.Sprintf("one at a balance of %d", x.owed), body)
		}
		x.owed -= int64(len(body))
	}
	if !in.Flags.Has(wire.FlagEmpty) {
		x.values = append(x.values, bytes.Clone(in.Payload))
	}
	x.ended = in.Flags.End()
}

func (r *record) checkHostConcurrency(body []byte) {
	open, most := 0, r.hello.Concurrency
	for _, x := range r.hostCalls {
		if !x.over {
			open++
		}
	}
	if most == 0 {
		most = wire.DefaultHostConcurrency
	}
	if open > most {
		r.breaks(fmt.Sprintf("at most %d exchanges of the child", most), fmt.Sprintf("%d", open), body)
	}
}

// noteCancel holds a Cancel of the worker, which gives up a call of its host.
func (r *record) noteCancel(m wire.Message, body []byte) {
	c, err := m.Cancel()
	switch {
	case err != nil:
		r.breaks("a Cancel as in its table", err.Error(), body)
	case !r.inForce(wire.FeatureCancel):
		r.breaks("no Cancel without the feature in force", "a Cancel", body)
	case r.hostCalls[c.ID] == nil:
		r.breaks("Cancel by the opener of an exchange", fmt.Sprintf("a Cancel for the id %d", c.ID), body)
	default:
		r.hostCalls[c.ID].canceled = true
	}
}
