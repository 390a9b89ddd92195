//go:build linux

package conformance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// rawWorker is the whole state of a raw worker.
type rawWorker struct {
	name    string
	in, out *os.File
	writing sync.Mutex

	interrupts atomic.Int64 // SIGINTs that have come

	mu        sync.Mutex
	more      sync.Cond // anything has changed
	greeted   bool
	hello     wire.Initialize
	features  []wire.Feature // in force
	limit     int            // of a body to the host
	calls     map[uint64]*rawCall
	last      *rawCall
	refusing  bool
	until     time.Time
	sleeping  int
	stalled   int
	seen      int // calls of the default method
	hostCalls map[uint64]*rawHostCall
	nextID    uint64
	pinged    time.Time
}

// What the raw worker announces.
const (
	rawConcurrency = 12
	rawMaxFrame    = 8 << 20
	rawWindow      = 32 << 10
)

var rawMethods = []string{"", "echo", "count", "sleep", "fail", "log", "print", "panic", "exit", "host"}

func (w *rawWorker) methods() []string {
	if w.is("has no default method") {
		return rawMethods[1:]
	}
	return rawMethods
}

func (w *rawWorker) serve() {
	limit := wire.DefaultMaxFrame
	if w.is("takes no large Initialize") {
		limit = 1 << 20
	}
	var src io.Reader = w.in
	switch {
	case w.is("takes a short read for the end"):
		src = shortReader{w}
	case w.is("takes one frame from each read"):
		src = &firstFrames{r: w.in}
	}
	r := wire.NewReader(src)
	r.SetLimit(limit)
	if w.is("speaks first") {
		w.send(wire.Pong{}.Append(nil))
	}
	for {
		body, _, err := r.Next()
		var broken *wire.Violation
		switch {
		case errors.As(err, &broken):
			w.fatal(err)
		case err != nil:
			w.orphaned(err)
		}
		if err := w.receive(bytes.Clone(body)); err != nil {
			w.fatal(err)
		}
		if w.greeted {
			r.SetLimit(w.maxFrame())
		}
	}
}

func (w *rawWorker) maxFrame() int {
	switch {
	case w.is("takes frames over its max_frame"):
		return 1 << 30
	case w.is("takes no large frames"):
		return 1 << 20
	case w.is("a small max_frame"):
		return wire.LeastMaxFrame
	case w.is("widest ints and floats"):
		return wire.DefaultMaxFrame // as the host: what just fits in does not fit out again
	}
	return rawMaxFrame
}

func (w *rawWorker) concurrency() int {
	if w.is("concurrency 1") {
		return 1
	}
	return rawConcurrency
}

func (w *rawWorker) window() int {
	if w.is("window 1") {
		return 1
	}
	return rawWindow
}

// receive deals with one frame.
func (w *rawWorker) receive(body []byte) error {
	if err := w.pickiness(body); err != nil {
		return err
	}
	m, err := wire.Parse(body)
	if err != nil {
		if w.is("goes on after a breach") {
			return nil
		}
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	err = w.dispatch(m, body)
	if w.is("goes on after a breach") {
		return nil
	}
	return err
}

func (w *rawWorker) dispatch(m wire.Message, body []byte) error {
	switch {
	case !m.Type.Known():
		if w.is("dies of unknown types") {
			return wire.Violatef(wire.RuleElement, "the type %d", m.Type)
		}
		return nil
	case !m.Type.From(wire.Parent):
		return wire.Violatef(wire.RuleSender, "%v", m.Type)
	case (m.Type == wire.TypeInitialize) == w.greeted:
		return wire.Violatef(wire.RuleOrder, "%v", m.Type)
	}
	switch m.Type {
	case wire.TypeInitialize:
		return w.initialize(m)
	case wire.TypePing:
		return w.ping(m)
	case wire.TypeShutdown:
		down, err := m.Shutdown()
		if err == nil {
			w.shutdown(down.Grace)
		}
		return err
	case wire.TypeInput:
		in, err := m.Input()
		if err != nil {
			return err
		}
		return w.input(in, len(body), body)
	case wire.TypeOutput:
		out, err := m.Output()
		if err == nil {
			return w.output(out)
		}
		return err
	case wire.TypeCancel:
		c, err := m.Cancel()
		if err == nil {
			return w.cancel(c)
		}
		return err
	case wire.TypeCredit:
		c, err := m.Credit()
		if err == nil {
			return w.credit(c)
		}
		return err
	}
	return nil
}

func (w *rawWorker) initialize(m wire.Message) error {
	hello, err := m.Initialize()
	if err != nil {
		return err
	}
	w.greeted, w.hello, w.limit = true, hello, hello.MaxFrame
	ours := wire.Features
	if w.is("no features") {
		ours = nil
	}
	w.features = wire.Both(hello.Features, ours)
	version := wire.Version
	if w.is("picks the first version") && len(hello.Versions) > 0 {
		version = hello.Versions[0]
	}
	if w.is("logs before Initialized") && slices.Contains(hello.Features, wire.FeatureLog) {
		for range 5 {
			w.send(wire.Log{Level: wire.LevelInfo, Time: time.Now(), Message: "loading"}.Append(nil))
		}
	}
	if w.is("takes 300 ms to start") {
		time.Sleep(300 * time.Millisecond)
	}
	if w.is("prints a lot on stderr") {
		go func() {
			for {
				os.Stderr.Write(bytes.Repeat([]byte("a lot of text\n"), 1000))
				time.Sleep(10 * time.Millisecond)
			}
		}()
	}
	info := wire.Initialized{
		Version: version, Name: "raw", PID: os.Getpid(), Methods: w.methods(), Concurrency: w.concurrency(),
		MaxFrame: w.maxFrame(), Window: w.window(), Features: w.features,
	}
	switch {
	case w.is("takes frames over its max_frame"):
		info.MaxFrame = rawMaxFrame
	case w.is("takes no large frames"):
		info.MaxFrame = rawMaxFrame
	case w.is("names its features unasked"):
		info.Features = wire.Features
	case w.is("names whatever features are offered"):
		info.Features = hello.Features
	case w.is("lists no methods"):
		info.Methods = nil
	case w.is("lists no default method"):
		info.Methods = rawMethods[1:]
	case w.is("chooses no version"):
		info.Version = 0
	case w.is("a max_frame of 5"):
		info.MaxFrame = 5
	}
	if !slices.Contains(hello.Versions, wire.Version) && !w.is("speaks any version") {
		w.refuse(hello, info)
	}
	frame := info.Append(nil)
	if w.is("widest ints and floats") {
		frame = widest(frame)
	}
	w.send(frame)
	if w.is("answers Initialize twice") {
		w.send(frame)
	}
	if w.is("exits without pings") && hello.PingTimeout > 0 {
		go func() {
			for {
				time.Sleep(hello.PingTimeout)
				w.mu.Lock()
				late := time.Since(w.pinged) > hello.PingTimeout
				w.mu.Unlock()
				if late {
					leave(69, "no pings")
				}
			}
		}()
	}
	if w.is("floods") {
		go func() {
			for {
				w.send(wire.Log{Level: wire.LevelInfo, Time: time.Now(), Message: "flood"}.Append(nil))
			}
		}()
	}
	return nil
}

// refuse answers a host that speaks no common version.
func (w *rawWorker) refuse(hello wire.Initialize, info wire.Initialized) {
	info.Error = wire.Errorf(wire.CodeUnsupportedVersion, "the host speaks %d, this worker version 1", hello.Versions)
	code := 1
	switch {
	case w.is("refuses versions with another code"):
		info.Error.Code = wire.CodeFailed
	case w.is("names no versions"):
		info.Error.Message = "no common version"
	case w.is("exits with 0 without a version"):
		code = 0
	}
	w.send(info.Append(nil))
	if !w.is("says no goodbye without a version") {
		w.send(wire.Exiting{Code: code}.Append(nil))
	}
	os.Exit(code)
}

func (w *rawWorker) ping(m wire.Message) error {
	p, err := m.Ping()
	if err != nil {
		return err
	}
	w.pinged = time.Now()
	switch {
	case w.is("answers no pings"):
		return nil
	case w.is("answers pings with the next seq"):
		p.Seq++
	case w.is("seqs of 32 bits"):
		p.Seq &= 1<<32 - 1
	case w.is("leaves out pings") && p.Seq%50 == 30:
		return nil
	case w.is("answers no pings while exchanges are open") && len(w.calls) > 0:
		return nil
	case w.is("answers no pings in its grace") && w.refusing:
		return nil
	case w.is("answers no pings while handlers are busy") && w.sleeping > 0:
		go func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			for w.sleeping > 0 {
				w.more.Wait()
			}
			w.send(wire.Pong{Seq: p.Seq}.Append(nil))
		}()
		return nil
	case w.is("answers no pings while streams wait") && w.stalled > 0:
		return nil
	case w.is("answers pings twice"):
		w.send(wire.Pong{Seq: p.Seq}.Append(nil))
	case w.is("sends a status with a negative in_flight"):
		w.send(frameOf(append(append([]byte{0x93, 0x04}, encode(p.Seq)...), encode(map[string]int{"in_flight": -1})...)))
		return nil
	case w.is("sends grease"):
		w.send(wire.AppendGrease(nil, p.Seq))
	case w.is("sends Ping"):
		w.send(wire.Ping{}.Append(nil))
	}
	frame := wire.Pong{Seq: p.Seq, Status: wire.Status{InFlight: len(w.calls)}}.Append(nil)
	if w.is("widest ints and floats") {
		frame = widest(frame)
	}
	w.send(frame)
	return nil
}

func (w *rawWorker) terminate() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.greeted {
		leave(1, "terminated")
	}
	grace := 2 * time.Second
	switch {
	case w.refusing && w.is("ignores SIGTERM in its grace"), w.is("ignores SIGTERM"):
		return
	case w.is("takes SIGTERM without grace"):
		grace = 0
	case w.is("takes SIGTERM with a long grace"):
		grace = time.Minute
	}
	if w.refusing {
		if left := time.Until(w.until); left < grace {
			return
		}
		w.endAfter(grace)
		return
	}
	w.shutdown(grace)
}

// shutdown begins the end, or replaces its grace.
func (w *rawWorker) shutdown(grace time.Duration) {
	ack := wire.ShutdownAck{InFlight: len(w.calls)}
	if w.is("counts no exchanges in flight") {
		ack.InFlight = 0
	}
	again := w.refusing
	switch {
	case w.is("acknowledges no Shutdown"), again && w.is("acknowledges one Shutdown"):
	case w.is("acknowledges a Shutdown twice"):
		w.send(ack.Append(nil))
		fallthrough
	default:
		w.send(ack.Append(nil))
	}
	switch {
	case again && w.is("keeps to the first grace"):
		return
	case again && w.is("keeps to the shorter grace") && time.Now().Add(grace).After(w.until):
		return
	case w.is("takes half the grace"):
		grace /= 2
	case w.is("has a grace of its own"):
		grace = 3*time.Second + 2*grace
	case w.is("has a grace if there is none") && grace == 0:
		grace = time.Hour
	case w.is("drops what is open at Shutdown"):
		grace = 0
	case w.is("waits for handlers beyond the grace"):
		grace = time.Hour
	}
	w.refusing = true
	w.endAfter(grace)
	if !again {
		go w.lastWords()
	}
}

// endAfter sets the grace.
func (w *rawWorker) endAfter(grace time.Duration) {
	w.until = time.Now().Add(grace)
	w.more.Broadcast()
	time.AfterFunc(grace, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.more.Broadcast()
	})
}

func (w *rawWorker) lastWords() {
	w.mu.Lock()
	for len(w.calls) > 0 && time.Now().Before(w.until) {
		w.more.Wait()
	}
	for _, c := range w.calls {
		if !w.is("leaves exchanges open at its end") {
			w.end(c, wire.CodeCanceled, "the grace is over")
		}
	}
	if w.is("dawdles after its grace") {
		time.Sleep(4 * time.Second)
	}
	code := 0
	if w.is("exits with 3 after Shutdown") {
		code = 3
	}
	bye := wire.Exiting{Code: code, Reason: "shutdown"}
	if w.is("tells another code than it exits with") {
		bye.Code = 0
		code = 5
	}
	if !w.is("says no goodbye") {
		w.send(bye.Append(nil))
	}
	switch {
	case w.is("goes on after Exiting"):
		w.send(wire.Pong{Seq: 1}.Append(nil))
	case w.is("stays after Exiting"):
		time.Sleep(time.Hour)
	case w.is("is killed after Exiting"):
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	}
	w.writing.Lock()
	os.Exit(code)
}

// pickiness is all that makes workers refuse sound frames.
func (w *rawWorker) pickiness(body []byte) error {
	no := func(format string, args ...any) error { return wire.Violatef(wire.RuleElement, format, args...) }
	if _, err := wire.Parse(body); err != nil {
		return nil // for Parse
	}
	v, _ := read(body)
	if v.kind != isArray || len(v.items) == 0 {
		return nil
	}
	t, _ := v.items[0].int()
	known := wire.Type(t).Known()
	envelope := v.items
	if (t == int64(wire.TypeInput) && len(envelope) == 6) || (t == int64(wire.TypeOutput) && len(envelope) == 5) {
		envelope = envelope[:len(envelope)-1]
	}
	switch {
	case w.is("takes ints of one width") && known && body[1] > 0x7f:
		return no("the type begins with %x", body[1])
	case w.is("takes no wide heads") && (body[0] < 0x90 || body[0] > 0x9f):
		return no("the array begins with %x", body[0])
	case w.is("takes no floats for ints") && known && slices.ContainsFunc(envelope, hasFloat):
		return no("a float")
	case w.is("wants all elements") && t == int64(wire.TypeInput) && len(v.items) < 6:
		return no("%d elements", len(v.items))
	case w.is("takes no nil for a number") && t == int64(wire.TypeInput) && len(v.items) > 2 && v.items[2].kind == isNil:
		return no("nil")
	case w.is("takes no further elements") && t == int64(wire.TypePing) && len(v.items) > 2:
		return no("%d elements", len(v.items))
	case w.is("takes no unknown meta") && t == int64(wire.TypeInput) && len(v.items) > 4 && hasOther(v.items[4], "timeout_ms"):
		return no("an unknown key of meta")
	case w.is("dies of invalid UTF-8") && slices.ContainsFunc(v.items, badText):
		return no("invalid UTF-8")
	case w.is("dies of invalid UTF-8 in meta") && slices.ContainsFunc(envelope, badText):
		return no("invalid UTF-8")
	case w.is("takes 40 levels") && depth(v) > 40:
		return wire.Violatef(wire.RuleBodyDepth, "too deep")
	case w.is("takes no long strings") && t == int64(wire.TypeInput) && len(v.items) > 3 && len(v.items[3].b) > 255:
		return no("a long method")
	case w.is("dies of unknown flags") && t == int64(wire.TypeInput) && len(v.items) > 2 && v.items[2].n > 7:
		return no("the flags %d", v.items[2].n)
	case w.is("dies of unknown keys") && t == int64(wire.TypeInitialize) && hasOther(v.items[1], helloKeys...):
		return no("an unknown key")
	case w.is("dies of nil in Initialize") && t == int64(wire.TypeInitialize) && slices.ContainsFunc(v.items[1].items, func(v value) bool { return v.kind == isNil }):
		return no("nil")
	case w.is("dies of keys that are containers") && hasContainerKey(v):
		return no("a key that can't be hashed")
	case w.is("dies of a key twice") && v.items[len(v.items)-1].kind == isMap && twice(v.items[len(v.items)-1]):
		return no("a key twice")
	case w.is("crashes at an ext below 0") && v.items[len(v.items)-1].kind == isExt && v.items[len(v.items)-1].ext < -1:
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	}
	return nil
}

var helloKeys = []string{"versions", "worker", "max_frame", "window", "concurrency", "ping_interval_ms", "ping_timeout_ms", "features", "log_level", "config"}

func hasOther(m value, known ...string) bool {
	for i := 0; m.kind == isMap && i < len(m.items); i += 2 {
		if !slices.Contains(known, string(m.items[i].b)) {
			return true
		}
	}
	return false
}

func hasFloat(v value) bool {
	return v.kind == isFloat || slices.ContainsFunc(v.items, hasFloat)
}

func badText(v value) bool {
	return v.kind == isStr && !bytes.Equal(bytes.ToValidUTF8(v.b, []byte("?")), v.b) || slices.ContainsFunc(v.items, badText)
}

func hasContainerKey(v value) bool {
	for i := 0; v.kind == isMap && i < len(v.items); i += 2 {
		if k := v.items[i].kind; k == isArray || k == isMap {
			return true
		}
	}
	return slices.ContainsFunc(v.items, hasContainerKey)
}

func twice(m value) bool {
	for i := 0; i < len(m.items); i += 2 {
		for j := i + 2; j < len(m.items); j += 2 {
			if m.items[i].same(m.items[j]) {
				return true
			}
		}
	}
	return false
}

func depth(v value) int {
	if v.kind != isArray && v.kind != isMap {
		return 0
	}
	most := 0
	for _, item := range v.items {
		most = max(most, depth(item))
	}
	return most + 1
}

// shortReader fails where a read gives less than a frame.
type shortReader struct{ w *rawWorker }

func (r shortReader) Read(p []byte) (int, error) {
	n, err := r.w.in.Read(p)
	if n > 0 && n < 5 {
		return 0, fmt.Errorf("a read of %d bytes", n)
	}
	return n, err
}

// firstFrames drops what a read gives behind the first frame that it completes.
type firstFrames struct {
	r    io.Reader
	head []byte
	left int // of the body
}

func (f *firstFrames) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for at := 0; at < n; {
		if f.left == 0 {
			f.head = append(f.head, p[at])
			if at++; len(f.head) == wire.HeaderSize {
				f.left, f.head = int(binary.BigEndian.Uint32(f.head)), nil
			}
			continue
		}
		m := min(f.left, n-at)
		at += m
		if f.left -= m; f.left == 0 {
			return at, err
		}
	}
	return n, err
}

// widest writes every int of a frame's envelope as a float or in 8 bytes, by turns.
func widest(frame []byte) []byte {
	v, _ := read(frame[4:])
	return frameOf(appendWidest(nil, v))
}

func appendWidest(b []byte, v value) []byte {
	switch v.kind {
	case isInt:
		if !v.neg && v.n%2 == 1 && v.n < 1<<50 {
			return append(b, encode(float64(v.n))...)
		}
		b = append(b, 0xcf)
		for shift := 56; shift >= 0; shift -= 8 {
			b = append(b, byte(v.n>>shift))
		}
		return b
	case isStr:
		n := len(v.b)
		return append(append(b, 0xdb, byte(n>>24), byte(n>>16), byte(n>>8), byte(n)), v.b...)
	case isArray, isMap:
		head, n := byte(0xdd), len(v.items)
		if v.kind == isMap {
			head, n = 0xdf, n/2
		}
		b = append(b, head, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		for _, item := range v.items {
			b = appendWidest(b, item)
		}
		return b
	case isBool:
		return append(b, encode(v.truth)...)
	case isBin:
		return append(b, encode(v.b)...)
	}
	return append(b, 0xc0)
}
