package conformance

import (
	"github.com/kinwire/kinwire/wire"
)

// noteSent keeps in mind what a frame of the host means, if it is sound.
func (r *record) noteSent(frame []byte) {
	r.log(true, frame)
	m, err := wire.Parse(frame[wire.HeaderSize:])
	if err != nil {
		return
	}
	switch m.Type {
	case wire.TypeInitialize:
		if hello, err := m.Initialize(); err == nil && !r.greeted {
			r.hello, r.greeted = hello, true
			r.hello.Config = nil
		}
	case wire.TypePing:
		if ping, err := m.Ping(); err == nil {
			r.asked[ping.Seq]++
		}
	case wire.TypeShutdown:
		r.shutdowns++
	case wire.TypeInput:
		if in, err := m.Input(); err == nil {
			r.noteInput(in, len(frame)-wire.HeaderSize)
		}
	case wire.TypeOutput:
		if out, err := m.Output(); err == nil && r.hostCalls[out.ID] != nil && out.Flags.End() {
			r.hostCalls[out.ID].over = true
		}
	case wire.TypeCancel:
		if c, err := m.Cancel(); err == nil && r.exchanges[c.ID] != nil {
			r.exchanges[c.ID].canceled = true
		}
	case wire.TypeCredit:
		if c, err := m.Credit(); err == nil && r.exchanges[c.ID] != nil {
			x := r.exchanges[c.ID]
			x.owed = min(x.owed+c.Bytes, wire.MaxCredit)
		}
	}
}

// noteInput notes an Input of the host.
func (r *record) noteInput(in wire.Input, length int) {
	x := r.exchanges[in.ID]
	switch {
	case in.Method != nil && (x == nil || x.over):
		r.exchanges[in.ID] = &exchange{id: in.ID, method: string(in.Method), owed: r.window(), balance: r.theirWindow()}
	case in.Method == nil && x != nil && !in.Flags.Has(wire.FlagError):
		x.balance -= int64(length)
	}
}

// theirWindow is the credit that each direction towards the worker starts with.
func (r *record) theirWindow() int64 {
	if r.info == nil || r.info.Window == 0 {
		return wire.DefaultWindow
	}
	return int64(r.info.Window)
}
