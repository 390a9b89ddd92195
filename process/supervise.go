package process

import (
	"os"
	"syscall"
	"time"
)

const (
	// drainTime is how long after the kill of the group the output is read, if something
	// that left the group still holds it.
	drainTime = time.Second
	// deliverTime is how long OnLine has after the end of the output to take what waits.
	deliverTime = time.Second

	// EndTime is how long Done comes after the leader's exit, at the most.
	EndTime = drainTime + deliverTime
)

// reap is a variable so that a test can look at what was done before.
var reap = (*os.Process).Wait

// run starts the goroutines of p. They all end before Done, but for a call of OnLine that
// never returns.
func (p *Process) run(onLine func(Line)) {
	for _, c := range p.captures {
		if onLine != nil {
			c.lines = newLineQueue(c.stream)
			go c.lines.deliver(onLine)
		}
		go c.read()
	}
	go p.supervise()
}

// supervise sees p to its end. It is the only one that moves the phase on.
func (p *Process) supervise() {
	defer close(p.done)
	lost := awaitExit(p.PID())
	lifetime := time.Since(p.started)
	if lost == nil {
		p.enter(exited)
		close(p.exited)
		p.killRest()
	} else {
		p.enter(reaped) // by somebody else: nothing pins the group's id
		close(p.exited)
	}
	state, err := reap(p.leader)
	p.drain()
	p.deliver()
	p.exit = p.report(state, err, lifetime)
}

// enter moves the phase on.
func (p *Process) enter(next phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = next
}

// killRest kills what is left of the group while the dead leader still pins its id, and
// ends all signalling.
func (p *Process) killRest() {
	p.signal(syscall.SIGKILL, "")
	p.enter(reaped)
}

// drain waits until the output is read to its end, at most until drainTime has passed and
// what the pipes hold then is read as well.
func (p *Process) drain() {
	expired := time.After(drainTime)
	for _, c := range p.captures {
		select {
		case <-c.ended:
		case <-expired:
			for _, each := range p.captures {
				each.interrupt()
			}
			<-c.ended
		}
	}
}

// deliver waits until OnLine has taken the last line, at most for deliverTime.
func (p *Process) deliver() {
	expired := time.After(deliverTime)
	for _, c := range p.captures {
		if c.lines == nil {
			continue
		}
		select {
		case <-c.lines.delivered:
		case <-expired:
			for _, each := range p.captures {
				each.lines.abandon()
			}
			return
		}
	}
}

// report puts together what is known about the end.
func (p *Process) report(state *os.ProcessState, err error, lifetime time.Duration) *Exit {
	did := p.hostDid()
	e := &Exit{
		Code:       -1,
		Reason:     did.reason,
		HostSignal: did.last,
		Started:    p.started,
		Duration:   lifetime,
	}
	if err == nil {
		e.setState(state)
		e.UserTime, e.SystemTime = state.UserTime(), state.SystemTime()
		e.MaxRSS = maxRSS(state, p.hostPeak)
	}
	if did.sent[e.Signal] {
		e.HostSignal = e.Signal
	}
	for _, c := range p.captures {
		output, dump := c.report()
		if c.stream == Stdout {
			e.Stdout = output
		} else {
			e.Stderr, e.Dump = output, dump
		}
	}
	return e
}
