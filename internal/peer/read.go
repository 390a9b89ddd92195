package peer

import (
	"errors"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// read holds the read role: it alone uses p.in. It ends with the link, or when it has
// handed the role on to run a handler.
func (p *Peer) read() {
	for {
		body, kept, err := p.in.Next()
		if err != nil {
			p.end(err)
			return
		}
		x, h, err := p.receive(body, kept)
		if err != nil {
			p.end(err)
			return
		}
		if x != nil {
			// The next frame, a ping perhaps, must not wait for the handler.
			p.tasks.Go(p.readTask)
			p.serve(x, h)
			return
		}
	}
}

// receive deals with a frame. It returns an exchange whose handler is to be run, and a
// violation if the other side may not send the frame.
func (p *Peer) receive(body []byte, kept bool) (*stream, exchange.Handler, error) {
	m, err := wire.Parse(body)
	if err != nil {
		return nil, nil, err
	}
	if !m.Type.Known() {
		p.ignored.Add(1)
		return nil, nil, nil
	}
	if other := p.side.Other(); !m.Type.From(other) {
		return nil, nil, wire.Violatef(wire.RuleSender, "%s from the %s", m.Type, other)
	}
	switch m.Type {
	case wire.TypeInput, wire.TypeOutput, wire.TypeCancel, wire.TypeCredit:
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.err != nil {
			return nil, nil, p.err
		}
		if !p.established {
			return nil, nil, wire.Violatef(wire.RuleOrder, "%s before the handshake is over", m.Type)
		}
		x, h, err := p.exchangeLocked(m, len(body), kept)
		p.flushLocked()
		return x, h, err
	}
	select {
	case <-p.ended:
		return nil, nil, p.Err() // what had been read by then is nobody's any more
	default:
		return nil, nil, p.control(m)
	}
}

// exchangeLocked deals with a frame of an exchange.
func (p *Peer) exchangeLocked(m wire.Message, size int, kept bool) (*stream, exchange.Handler, error) {
	switch m.Type {
	case wire.TypeInput:
		in, err := m.Input()
		if err != nil {
			return nil, nil, err
		}
		if in.Method == nil {
			return nil, nil, p.moreLocked(in, size, kept && worthKeeping(in.Payload, size))
		}
		if err := p.checkOpeningLocked(in); err != nil {
			return nil, nil, err
		}
		x, h := p.acceptLocked(in, kept && worthKeeping(in.Payload, size))
		return x, h, nil
	case wire.TypeOutput:
		out, err := m.Output()
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, p.outputLocked(out, size, kept && worthKeeping(out.Payload, size))
	case wire.TypeCancel:
		c, err := m.Cancel()
		if err != nil {
			return nil, nil, err
		}
		p.cancelLocked(c)
	case wire.TypeCredit:
		c, err := m.Credit()
		if err != nil {
			return nil, nil, err
		}
		if x := p.table[c.ID]; x != nil && p.features.credit {
			x.creditLocked(c.Bytes)
		} else {
			p.ignored.Add(1)
		}
	}
	return nil, nil, nil
}

// worthKeeping reports whether a payload may keep the body it came in: if that is most of it.
func worthKeeping(payload wire.Payload, size int) bool { return 2*len(payload) >= size }

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
func (p *Peer) moreLocked(in wire.Input, size int, kept bool) error {
	x := p.table[in.ID]
	if x == nil || x.ours || x.out.ended || x.in.end != nil {
		p.ignored.Add(1)
		return nil
	}
	return x.arrivedLocked(in.Flags, in.Payload, size, kept)
}

// outputLocked deals with an Output.
func (p *Peer) outputLocked(out wire.Output, size int, kept bool) error {
	x := p.table[out.ID]
	if x == nil || !x.ours {
		p.ignored.Add(1)
		return nil
	}
	if err := x.arrivedLocked(out.Flags, out.Payload, size, kept); err != nil {
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
	x.cancel(reason)
}
