package peer

import (
	"errors"

	"github.com/kinwire/kinwire/wire"
)

// arrival is the body of a frame, and whose memory it is in.
type arrival struct {
	body   []byte
	size   int     // of the body
	kept   bool    // body is the peer's for good; else it will be overwritten
	buffer *buffer // what body is in, if that is to be given back
	placed int     // so many bytes of the payload are in memory of the caller's
}

// keeps reports whether a payload that came with the frame may stay where it is.
func (a arrival) keeps(p wire.Payload) bool {
	return a.buffer != nil || a.kept && 2*len(p) >= a.size
}

// placed is a large frame that goes where its payload is wanted, while it arrives.
type placed struct {
	buffer   *buffer     // the whole body, in a buffer for a handler
	x        *stream     // or the bytes of its bin, in memory of x's caller; nil once that is taken back
	output   wire.Output // without the payload
	unwanted bool        // x takes its memory back as soon as nobody reads into it
	from     int         // where in the body the bytes begin
}

// parsedUnlocked is the size from which on a body is parsed without the lock.
const parsedUnlocked = 16 << 10

// takeFrameLocked deals with the next frame that has been read, if there is one. If it opens
// an exchange, that is returned, and its handler is to be run.
func (p *Peer) takeFrameLocked() (x *stream, ok bool, err error) {
	if p.err != nil {
		return nil, false, nil
	}
	f, ok, err := p.in.Frame()
	switch {
	case err != nil || !ok:
		return nil, false, err
	case f.Begun:
		return nil, true, p.placeLocked(f)
	case f.Body != nil:
		x, err = p.receiveLocked(arrival{body: f.Body, size: f.Size, kept: f.Kept})
	case p.placed.buffer != nil:
		b := p.placed.buffer
		p.placed = placed{}
		x, err = p.receiveLocked(arrival{body: b.bytes[:f.Size], size: f.Size, buffer: b})
		if x == nil || x.buffer != b {
			p.releaseLocked(b)
		}
	default:
		done := p.placed
		p.placed = placed{}
		a := arrival{size: f.Size}
		if done.x != nil {
			a.placed = f.Size - done.from
		}
		p.recent.came++
		err = p.outputLocked(done.output, a)
	}
	return x, true, err
}

// placeLocked says where the rest of a large frame goes, if that is known by now: the answer
// to a call to where the caller wants it, and the input of a handler to a buffer.
func (p *Peer) placeLocked(f wire.Frame) error {
	m, from, ok := wire.ParsePrefix(f.Body, f.Size)
	if !ok || !p.established || !m.Type.From(p.side.Other()) {
		return nil
	}
	switch m.Type {
	case wire.TypeInput:
		in, err := m.Input()
		if err != nil || in.Method == nil || !p.in.Proven(f.Size) {
			return err
		}
		p.placed = placed{buffer: p.newBufferLocked(f.Size)}
		p.in.Place(0, p.placed.buffer.bytes[:f.Size])
	case wire.TypeOutput:
		out, err := m.Output()
		if err != nil {
			return err
		}
		x, n := p.table[out.ID], f.Size-from
		if x == nil || !x.mayPlaceLocked(out.Flags, n) {
			return nil
		}
		p.placed = placed{x: x, output: wire.Output{ID: out.ID, Flags: out.Flags}, from: from}
		p.in.Place(from, (*x.in.into)[:n])
	}
	return nil
}

// takeBackLocked makes the reader leave the memory of x's caller alone. If it is at it, that
// takes some milliseconds at most.
func (p *Peer) takeBackLocked(x *stream) {
	for p.placed.x == x && p.reading {
		p.placed.unwanted = true
		p.readDone.Wait()
	}
	if p.placed.x == x {
		p.placed.x = nil
		p.in.Place(p.placed.from, nil)
	}
}

// receiveLocked deals with a frame. It returns an exchange whose handler is to be run, and a
// violation if the other side may not send the frame.
func (p *Peer) receiveLocked(a arrival) (*stream, error) {
	m, err := p.parseLocked(a)
	if err != nil {
		return nil, err
	}
	if !m.Type.Known() {
		p.ignored.Add(1)
		return nil, nil
	}
	if other := p.side.Other(); !m.Type.From(other) {
		return nil, wire.Violatef(wire.RuleSender, "%s from the %s", m.Type, other)
	}
	if p.err != nil {
		return nil, p.err // what had been read by then is nobody's any more
	}
	switch m.Type {
	case wire.TypeInput, wire.TypeOutput, wire.TypeCancel, wire.TypeCredit:
		if !p.established {
			return nil, wire.Violatef(wire.RuleOrder, "%s before the handshake is over", m.Type)
		}
		p.recent.came++
		return p.exchangeLocked(m, a)
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	return nil, p.control(m)
}

// parseLocked parses a body, without the lock if that takes its time.
func (p *Peer) parseLocked(a arrival) (wire.Message, error) {
	if a.size < parsedUnlocked {
		return wire.Parse(a.body)
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	return wire.Parse(a.body)
}

// exchangeLocked deals with a frame of an exchange.
func (p *Peer) exchangeLocked(m wire.Message, a arrival) (*stream, error) {
	switch m.Type {
	case wire.TypeInput:
		in, err := m.Input()
		if err != nil {
			return nil, err
		}
		if in.Method == nil {
			return nil, p.moreLocked(in, a)
		}
		if err := p.checkOpeningLocked(in); err != nil {
			return nil, err
		}
		return p.acceptLocked(in, a), nil
	case wire.TypeOutput:
		out, err := m.Output()
		if err != nil {
			return nil, err
		}
		return nil, p.outputLocked(out, a)
	case wire.TypeCancel:
		c, err := m.Cancel()
		if err != nil {
			return nil, err
		}
		p.cancelLocked(c)
	case wire.TypeCredit:
		c, err := m.Credit()
		if err != nil {
			return nil, err
		}
		if x := p.table[c.ID]; x != nil && p.features.credit {
			x.creditLocked(c.Bytes)
		} else {
			p.ignored.Add(1)
		}
	}
	return nil, nil
}

// checkOpeningLocked checks what is fatal about an opening Input.
func (p *Peer) checkOpeningLocked(in wire.Input) error {
	other := p.side.Other()
	switch {
	case (in.ID%2 == 1) != (other == wire.Parent):
		return wire.Violatef(wire.RuleID, "the %s opens the exchange %d, whose parity is not its own", other, in.ID)
	case p.table[in.ID] != nil:
		return wire.Violatef(wire.RuleID, "the exchange %d is open already", in.ID)
	case other == wire.Child && !p.features.hostCall:
		return wire.Violatef(wire.RuleHostCall, "the child opens the exchange %d without host-call", in.ID)
	}
	return nil
}

// moreLocked deals with a continuing Input.
func (p *Peer) moreLocked(in wire.Input, a arrival) error {
	x := p.table[in.ID]
	if x == nil || x.ours || x.out.ended || x.in.end != nil {
		p.ignored.Add(1)
		return nil
	}
	return x.arrivedLocked(in.Flags, in.Payload, a)
}

// outputLocked deals with an Output.
func (p *Peer) outputLocked(out wire.Output, a arrival) error {
	x := p.table[out.ID]
	if x == nil || !x.ours {
		p.ignored.Add(1)
		return nil
	}
	if err := x.arrivedLocked(out.Flags, out.Payload, a); err != nil {
		return err
	}
	if out.Flags.End() {
		x.endOutLocked()
		p.removeLocked(x)
	}
	return nil
}

// cancelLocked deals with a Cancel: the handler is told, and what waits for credit dropped.
func (p *Peer) cancelLocked(c wire.Cancel) {
	x := p.table[c.ID]
	if x == nil || x.ours || x.out.ended || !p.features.cancel {
		p.ignored.Add(1)
		return
	}
	reason := errors.New("the caller gave up")
	if c.Reason != "" {
		reason = errors.New("the caller gave up: " + c.Reason)
	}
	x.endInLocked(wire.Errorf(wire.CodeCanceled, "%v", reason))
	x.request.cancel(reason)
	p.wakeLocked(&x.out.wait)
}
