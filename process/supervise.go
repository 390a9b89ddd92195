package process

import (
	"cmp"
	"os"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/internal/deadline"
)

const (
	// drainTime is how long after the kill of the group the output is read, if something
	// that left the group still holds it.
	drainTime = time.Second
	// deliverTime is how long OnLine has after the end of the output to take what waits,
	// where Command.Drain does not say.
	deliverTime = time.Second
	// vanishTime is how long Done waits for the kernel to be done with what was killed.
	vanishTime = 250 * time.Millisecond

	// EndTime is how long Done comes after the leader's exit, at the most, unless
	// Command.Drain says something else. It is 1 s more if something in a Cgroup can't be
	// killed.
	EndTime = drainTime + deliverTime + vanishTime
)

// reap is a variable so that a test can look at what was done before.
var reap = (*os.Process).Wait

// run starts the goroutines of p. They all end before Done, but for a call of OnLine or
// OnChunk, or a Read of Input, that never returns.
func (p *Process) run() {
	var limits *meter
	for _, c := range p.captures {
		limits = c.meter
		go c.read()
	}
	if p.feed != nil {
		go p.feed.run()
	}
	if limits != nil {
		go p.watchLimits(limits)
	} else {
		close(p.watched)
	}
	go p.supervise()
}

// supervise sees p to its end.
func (p *Process) supervise() {
	defer p.registry.remove(p)
	defer close(p.done)
	lost := awaitExit(p.PID())
	lifetime := time.Since(p.started)
	p.finish()
	close(p.exited)
	killed := false
	if lost == nil { // or else somebody has reaped it, and nothing pins the group's id
		killed = p.killRest()
	}
	p.leaf.kill()
	if p.hostEnd == DieWithHost {
		releaseGroup(p.PID())
	}
	state, err := reap(p.leader)
	for _, q := range p.queues {
		q.release()
	}
	<-p.watched
	inputErr := p.feed.stop()
	p.drain()
	p.deliver()
	if killed {
		awaitVanished(p.PID())
	}
	oom := p.leaf.end()
	p.exit = p.report(state, err, lifetime)
	p.exit.InputErr, p.exit.OutOfMemory = inputErr, oom
}

// killRest kills what is left of the group, unless it is to be kept, and reports which. The
// dead leader still pins its id.
func (p *Process) killRest() (killed bool) {
	killed = p.rest == KillRest || p.hostDid().wanted
	if killed {
		signalGroup(p.leader, syscall.SIGKILL)
	}
	return killed
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

// deliver waits until OnLine or OnChunk has taken the last of the output, at most as long
// as it may take. What StartLines returned is no concern of it.
func (p *Process) deliver() {
	end := deadline.New(cmp.Or(p.drainFor, deliverTime))
	for _, q := range p.queues {
		if q.handle == nil {
			continue
		}
		if !end.Await(q.delivered) {
			for _, each := range p.queues {
				each.abandon()
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
		Limit:      did.limit,
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
		if e.Limit == NoLimit && c.meter.isExceeded() {
			e.Limit = OutputLimit
		}
		output, dump := c.report()
		if c.stream == Stdout {
			e.Stdout = output
		} else {
			e.Stderr, e.Dump = output, dump
		}
	}
	return e
}
