package conformance

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/kinwire/kinwire/wire"
)

// The rules that every frame of a worker has to keep, whatever case is being tried.

// flood is how many frames and bytes a worker may send on one link.
const (
	floodFrames = 2_000_000
	floodBytes  = 1 << 30
)

// noteReceived holds a frame from the worker against the rules, and keeps what it says.
func (r *record) noteReceived(body []byte) {
	r.events++
	r.bytes += len(body)
	r.log(false, withLength(body))
	if r.events > floodFrames || r.bytes > floodBytes {
		r.breaks("an answer to what was asked", fmt.Sprintf("a flood of %d frames, %d bytes", r.events, r.bytes), nil)
		return
	}
	m, err := wire.Parse(body)
	if err != nil {
		r.breaks("a body that keeps the rules of section 4", err.Error(), body)
		return
	}
	v, _ := read(body)
	if r.exiting != nil {
		r.breaks("Exiting to be the last frame", m.Type.String()+" after it", body)
		return
	}
	if !r.mayCome(m, body) {
		return
	}
	switch m.Type {
	case wire.TypeInitialized:
		r.noteInitialized(m, v, body)
	case wire.TypePong:
		r.notePong(m, v, body)
	case wire.TypeInput:
		r.noteTheirInput(m, v, body)
	case wire.TypeOutput:
		r.noteOutput(m, v, body)
	case wire.TypeCancel:
		r.noteCancel(m, body)
	case wire.TypeCredit:
		r.noteCredit(m, body)
	case wire.TypeLog:
		r.noteLog(m, v, body)
	case wire.TypeShutdownAck:
		r.noteAck(m, v, body)
	case wire.TypeExiting:
		r.noteExiting(m, v, body)
	}
}

// mayCome holds who may send a message, and when.
func (r *record) mayCome(m wire.Message, body []byte) bool {
	switch {
	case !m.Type.Known() && (m.Type < wire.GreaseFirst || m.Type > wire.GreaseLast):
		r.breaks("the types of version 1, or grease", fmt.Sprintf("the type %d", m.Type), body)
	case !m.Type.From(wire.Child):
		r.breaks("a message that a child may send", m.Type.String(), body)
	case r.provoked:
		return true
	case !r.greeted:
		r.breaks("nothing before Initialize", m.Type.String(), body)
	case r.info == nil && m.Type == wire.TypeLog, r.info == nil && m.Type == wire.TypeInitialized:
		return true
	case r.info == nil:
		r.breaks("Initialized as the first frame, Log aside", m.Type.String(), body)
	case m.Type == wire.TypeInitialized:
		r.breaks("Initialized once", "another one", body)
	case r.info.Error != nil && m.Type != wire.TypeExiting && m.Type != wire.TypeLog && m.Type.Known():
		r.breaks("Exiting after an Initialized with an error", m.Type.String(), body)
	default:
		return true
	}
	return false
}

// noteInitialized holds Initialized against its tables and against Initialize.
func (r *record) noteInitialized(m wire.Message, v value, body []byte) {
	info, err := m.Initialized()
	if err != nil {
		r.breaks("an Initialized as in its table", err.Error(), body)
		return
	}
	fields := v.items[1]
	for _, key := range []string{"version", "pid", "concurrency", "max_frame", "window"} {
		if n, ok := fields.get(key); ok && n.kind != isNil && !inSize(n) {
			r.breaks("a "+key+" from 0 to 2^31-1", n.String(), body)
		}
	}
	if e, ok := fields.get("error"); ok && e.kind != isNil {
		r.checkError(e, body)
	}
	if info.Error == nil {
		if !slices.Contains(r.hello.Versions, info.Version) {
			r.breaks(fmt.Sprintf("a version out of %d", r.hello.Versions), fmt.Sprintf("the version %d", info.Version), body)
		}
	}
	for _, f := range info.Features {
		if !slices.Contains(r.hello.Features, f) {
			r.breaks("only features that Initialize has named", "the feature "+quote(f), body)
		}
	}
	r.info, r.infoFrame = &info, withLength(body)
}

// inSize reports whether a value is an int from 0 to 2^31-1.
func inSize(v value) bool {
	n, ok := v.int()
	return ok && n >= 0 && n <= math.MaxInt32
}

// notePong holds a Pong against the Pings.
func (r *record) notePong(m wire.Message, v value, body []byte) {
	p, err := m.Pong()
	if err != nil {
		r.breaks("a Pong as in its table", err.Error(), body)
		return
	}
	if r.asked[p.Seq] == 0 {
		r.breaks("one Pong for each Ping, with its seq", fmt.Sprintf("a Pong with the seq %d that is not due", p.Seq), body)
		return
	}
	r.asked[p.Seq]--
	if len(v.items) > 2 && v.items[2].kind == isMap {
		for _, key := range []string{"in_flight", "stuck_ms"} {
			if n, ok := v.items[2].get(key); ok && n.kind != isNil && !inSize(n) {
				r.breaks("a status with "+key+" from 0 to 2^31-1", n.String(), body)
			}
		}
	}
	r.pongs = append(r.pongs, pong{p.Seq, r.events, p.Status})
}

// noteLog holds a Log against its table and its feature.
func (r *record) noteLog(m wire.Message, v value, body []byte) {
	line, err := m.Log()
	switch {
	case err != nil:
		r.breaks("a Log as in its table", err.Error(), body)
		return
	case r.info == nil && !slices.Contains(r.hello.Features, wire.FeatureLog):
		r.breaks("no Log, as Initialize does not name the feature", "a Log before Initialized", body)
	case r.info != nil && !r.inForce(wire.FeatureLog):
		r.breaks("no Log without the feature in force", "a Log", body)
	}
	if len(v.items) > 1 && v.items[1].kind != isNil {
		switch level := v.items[1]; string(level.b) {
		case wire.LevelDebug, wire.LevelInfo, wire.LevelWarn, wire.LevelError:
		default:
			r.breaks("a level that is debug, info, warn or error", level.String(), body)
		}
	}
	const most = 1000
	line.Fields = bytes.Clone(line.Fields)
	if r.logs = append(r.logs, line); len(r.logs) > most {
		r.logs = r.logs[1:]
	}
}

// noteAck holds a ShutdownAck against the Shutdowns.
func (r *record) noteAck(m wire.Message, v value, body []byte) {
	a, err := m.ShutdownAck()
	if err != nil || len(v.items) > 1 && v.items[1].kind != isNil && !inSize(v.items[1]) {
		r.breaks("a ShutdownAck as in its table", fmt.Sprint(v), body)
		return
	}
	due := r.shutdowns
	if r.signaled {
		due++
	}
	if len(r.acks) == due {
		r.breaks("one ShutdownAck for each Shutdown, and one for SIGTERM", "one that nobody asked for", body)
		return
	}
	r.acks = append(r.acks, ack{inFlight: a.InFlight, event: r.events, at: now()})
}

// noteExiting holds Exiting against what goes before it.
func (r *record) noteExiting(m wire.Message, v value, body []byte) {
	bye, err := m.Exiting()
	if err != nil {
		r.breaks("an Exiting as in its table", err.Error(), body)
		return
	}
	r.exiting = &bye
	asked := r.shutdowns > 0 || r.signaled
	switch {
	case r.provoked || r.info == nil || r.info.Error != nil:
		return
	case !asked:
		r.breaks("Exiting only when it is asked for", "Exiting unasked", body)
	case len(r.acks) == 0:
		r.breaks("a ShutdownAck before Exiting", "none", body)
	}
	for _, x := range r.exchanges {
		if !x.over {
			r.breaks("an END for every exchange before Exiting", fmt.Sprintf("none for the exchange %d", x.id), body)
		}
	}
}
