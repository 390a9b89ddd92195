package conformance

import (
	"fmt"
	"sync"
	"time"

	"github.com/kinwire/kinwire/internal/deadline"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// link is the host's end of a link, and the worker's process. Its methods are for the
// goroutine of the case, as it fails the case; what arrives is noted by a goroutine that
// reads, in the record.
type link struct {
	t    *trial // the case that uses it now
	proc *process.Process
	conn transport.Conn
	out  *outbox
	ends []string      // what the descriptors of the worker's end are called, where one can tell
	took time.Duration // from Initialize to Initialized
	seq  uint64        // of the last Ping
	id   uint64        // the least odd one that may not have been used

	read chan struct{} // closed when nothing more will be read
	news chan struct{} // holds a token when there is something new in the record

	deaf sync.Mutex // held while nothing is to be read

	mu sync.Mutex
	record
}

// launch starts the worker's process, and says nothing to it. It ends with the case, or with
// those that share it.
func (t *trial) launch() *link {
	conn, end, err := transports[t.transport].Connect()
	if err != nil {
		t.fail("a link", err.Error())
	}
	ends := names(end)
	proc, err := process.Start(t.ctx, t.venue.worker.command(transport.EnvVar+"="+end.Env, end))
	end.Close()
	if err != nil {
		conn.Close()
		t.notStarted(err)
	}
	l := &link{
		t: t, proc: proc, conn: conn, ends: ends, id: 1,
		out:  newOutbox(conn),
		read: make(chan struct{}),
		news: make(chan struct{}, 1),
	}
	l.record.begin()
	if t.last = l; t.shared != nil {
		t.shared.link = l
	} else {
		t.links = append(t.links, l)
	}
	go l.receive() // ends with the link; close waits for it
	return l
}

// notStarted ends the case, as there is no process.
func (t *trial) notStarted(err error) {
	if t.ctx.Err() != nil {
		t.outOfTime()
	}
	t.fail("the worker's program to start", err.Error())
}

// command is how the worker's process is started, with one more variable in its environment.
func (w Worker) command(variable string, end *transport.ChildEnd) process.Command {
	return process.Command{
		Args:   w.Command,
		Dir:    w.Dir,
		Env:    append(append([]string{}, w.Env...), variable),
		Stdin:  end.Stdin,
		Stdout: end.Stdout,
		Extra:  end.Extra,
	}
}

// close ends the worker, and returns when nothing is left of it.
func (l *link) close() {
	l.proc.Kill("the case is over")
	l.conn.Close()
	l.out.close()
	<-l.read
	<-l.out.done
	deadline.Await(l.proc.Done(), process.EndTime+5*time.Second)
}

// hangUp closes the link, as the death of the host would, once all is written.
func (l *link) hangUp() {
	l.flush()
	l.mu.Lock()
	l.hungUp = true
	l.mu.Unlock()
	l.conn.Close()
}

// flush waits until all that was sent is in the link.
func (l *link) flush() {
	if !deadline.Await(l.out.empty(), l.t.bound(0)) {
		l.t.overdue("the worker to read what is sent", "a full link for "+l.t.bound(0).String())
	}
}

// receive reads frames and notes them, until the link ends.
func (l *link) receive() {
	defer close(l.read)
	r := wire.NewReader(reading{l})
	for {
		body, _, err := r.Next()
		l.mu.Lock()
		if err != nil {
			l.noteEnd(err)
		} else {
			l.noteReceived(body)
			r.SetLimit(l.limit())
		}
		grants := l.takeGrants()
		over := err != nil
		l.mu.Unlock()
		for _, g := range grants {
			l.out.put(g)
		}
		select {
		case l.news <- struct{}{}:
		default:
		}
		if over {
			return
		}
	}
}

// reading is the link as it is read, whenever listenLater lets it.
type reading struct{ l *link }

func (r reading) Read(p []byte) (int, error) {
	r.l.deaf.Lock()
	//lint:ignore SA2001 to wait is all there is to do
	r.l.deaf.Unlock()
	return r.l.conn.Read(p)
}

// listenLater calls talk, and lets some time pass before more is read from the link.
func (l *link) listenLater(d time.Duration, talk func()) {
	l.deaf.Lock()
	defer l.deaf.Unlock()
	talk()
	time.Sleep(d)
}

// send sends whole frames, and keeps in mind what they mean.
func (l *link) send(frames ...[]byte) {
	for _, f := range frames {
		l.mu.Lock()
		l.noteSent(f)
		l.mu.Unlock()
		l.out.put(f)
	}
}

// sendTogether sends frames in one write.
func (l *link) sendTogether(frames ...[]byte) {
	var all []byte
	for _, f := range frames {
		l.mu.Lock()
		l.noteSent(f)
		l.mu.Unlock()
		all = append(all, f...)
	}
	l.out.put(all)
}

// sendCut sends a frame in pieces: each of that many bytes, after a pause.
func (l *link) sendCut(frame []byte, pause time.Duration, sizes ...int) {
	l.mu.Lock()
	l.noteSent(frame)
	l.mu.Unlock()
	for _, n := range sizes {
		l.out.putLater(frame[:n], pause)
		frame = frame[n:]
	}
	l.out.putLater(frame, pause)
}

// provoke sends what breaks a rule. From now on the worker may leave at any moment.
func (l *link) provoke(b []byte) {
	l.mu.Lock()
	l.provoked = true
	l.log(true, b)
	l.mu.Unlock()
	l.out.put(b)
}

// await waits until done, which is called with the record locked, is true of it. The case
// fails with what was expected if it is not in time, or can't become any more.
func (l *link) await(expected string, done func() bool) { l.awaitFor(0, expected, done) }

// awaitFor is await for what may take d on top of being due at once.
func (l *link) awaitFor(d time.Duration, expected string, done func() bool) {
	switch l.wait(l.t.bound(d), done) {
	case happened:
	case brokenOff:
		l.t.fail(expected, l.endOfLink())
	case timedOut:
		l.t.overdue(expected, fmt.Sprintf("nothing of the kind within %v; %s", l.t.bound(d), l.lately()))
	}
}

// outcome is how a wait ended.
type outcome int

const (
	happened outcome = iota
	brokenOff
	timedOut
)

// wait waits until done is true of the record, the link has ended, or the time has passed. The
// case fails if the worker is seen to break a rule meanwhile.
func (l *link) wait(d time.Duration, done func() bool) outcome {
	timer := deadline.New(d)
	for {
		l.mu.Lock()
		ok, broken, ended := done(), l.broken, l.ended
		l.mu.Unlock()
		switch {
		case broken != nil:
			panic(*broken)
		case ok:
			return happened
		case ended:
			return brokenOff
		}
		select {
		case <-l.news:
		case <-timer.Fired():
			if timer.Passed() {
				l.mu.Lock()
				ok := done()
				l.mu.Unlock()
				if ok {
					return happened
				}
				return timedOut
			}
		case <-l.t.ctx.Done():
			return timedOut
		}
	}
}

// rest lets some time pass, in which nothing is expected.
func (l *link) rest(d time.Duration) {
	l.wait(d, func() bool { return false })
}

// brokenRule returns the first rule that the worker was seen to break, if it has.
func (l *link) brokenRule() *failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// awaitInitialized waits for the end of the handshake, which may take d on top of what a start may.
func (l *link) awaitInitialized(d time.Duration) {
	begun := time.Now()
	limit := l.t.options.startTimeout()
	if l.t.worn() {
		limit = min(limit, l.t.bound(4*l.t.took))
	}
	limit += d
	switch l.wait(limit, func() bool { return l.info != nil }) {
	case happened:
		l.took = time.Since(begun)
	case brokenOff:
		l.t.fail("Initialized", l.endOfLink())
	case timedOut:
		l.t.overdue("Initialized", fmt.Sprintf("no answer to Initialize within %v", limit))
	}
}

// awaitExit waits until the process has ended, which may take d on top of what a busy machine
// may cost, and returns the report.
func (l *link) awaitExit(d time.Duration) *process.Exit {
	if !l.exits(l.t.bound(d)) {
		l.t.overdue("the worker to exit", fmt.Sprintf("a process that still runs after %v", l.t.bound(d)))
	}
	return l.report()
}

// exits waits for the end of the process, and reports whether it came in time.
func (l *link) exits(d time.Duration) bool {
	timer := deadline.New(d)
	for {
		select {
		case <-l.proc.Exited():
			return true
		case <-timer.Fired():
			if timer.Passed() {
				return deadline.Happened(l.proc.Exited())
			}
		case <-l.t.ctx.Done():
			return deadline.Happened(l.proc.Exited())
		}
	}
}

// report returns the report about a process that has exited.
func (l *link) report() *process.Exit {
	if !deadline.Await(l.proc.Done(), process.EndTime+l.t.options.answers()) {
		l.t.fail("the end of what the worker had printed", "output that somebody still holds")
	}
	return l.proc.Exit()
}

// endOfLink says how the link ended.
func (l *link) endOfLink() string {
	deadline.Await(l.proc.Done(), 3*time.Second)
	if e := l.proc.Exit(); e != nil {
		s := "the worker's end: " + e.String()
		if words := e.LastWords(); words != "" {
			s += "; it printed " + quote(words)
		}
		return s
	}
	return "the end of the link, while the worker's process lives on"
}

// lastWords is what the worker printed last, if it has ended.
func (l *link) lastWords() string {
	if e := l.proc.Exit(); e != nil {
		return e.LastWords()
	}
	return ""
}
