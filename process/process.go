package process

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// Process is a command that was started. All its methods may be called at any time, by
// several goroutines, and from OnLine.
type Process struct {
	name     string
	args     []string
	ladder   Ladder
	rest     Rest
	hostEnd  HostEnd
	drainFor time.Duration // of Command.Drain
	leader   *os.Process
	started  time.Time
	hostPeak int64 // the host's own peak memory at the start; see maxRSS

	captures []*capture
	queues   []*queue
	feed     *feed // nil without Input
	leaf     *leaf // nil without Cgroup
	registry *Registry

	exited  chan struct{}
	watched chan struct{} // closed when nobody watches over limits any more
	done    chan struct{}
	exit    *Exit // set before done is closed

	mu     sync.Mutex
	over   bool // the leader has exited: nothing is signalled for anyone any more
	doings doings
}

// newProcess returns the process of a leader that has just been started.
func newProcess(c Command, leader *os.Process, started time.Time) *Process {
	return &Process{
		name:     c.name(),
		args:     c.Args,
		ladder:   c.Stop,
		rest:     c.Rest,
		hostEnd:  c.HostEnd,
		drainFor: c.Drain,
		leader:   leader,
		started:  started,
		hostPeak: hostPeak(),
		exited:   make(chan struct{}),
		watched:  make(chan struct{}),
		done:     make(chan struct{}),
	}
}

// Name returns what the command is called: Command.Name.
func (p *Process) Name() string { return p.name }

// PID returns the process id of the leader, which is the id of its group as well.
func (p *Process) PID() int { return p.leader.Pid }

// Exited is closed as soon as the leader has exited. What is left of its group is killed
// next, and what the command printed may not be read yet.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Done is closed when all is over: the group was killed, the leader reaped, and the
// output read to end-of-file, or until 1 s after the kill if something that left the group
// still holds it, and OnLine or OnChunk has taken the last of it, or had Command.Drain to.
// On Linux, nothing of the group is left then, unless the kernel takes more than 250 ms for
// that.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit returns the report about the end. It is nil before Done, and the same ever after;
// nobody may change it.
func (p *Process) Exit() *Exit {
	select {
	case <-p.done:
		return p.exit
	default:
		return nil
	}
}

// Signal sends sig to the whole group. After the leader's exit it returns os.ErrProcessDone.
// It returns errors.ErrUnsupported on Windows for all but SIGKILL.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signalLocked(sig, "")
}

// Kill sends SIGKILL to the whole group, and to what is in the Cgroup. The exit report keeps
// the reason, unless one was given before. After the leader's exit it does nothing.
func (p *Process) Kill(reason string) {
	p.mu.Lock()
	p.wantEndLocked()
	err := p.signalLocked(syscall.SIGKILL, reason)
	p.mu.Unlock()
	if err == nil {
		p.leaf.kill() // nobody else ever gets a leaf of this name
	}
}

// Terminate asks the whole group to end: SIGTERM, and SIGCONT, without which a stopped
// process would not notice. SIGTERM is sent once, however often this is called, since
// many programs take a second one for impatience. The exit report keeps the reason,
// unless one was given before. On Windows it only keeps the reason.
func (p *Process) Terminate(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wantEndLocked()
	if !p.doings.terminated {
		p.doings.terminated = true
		p.signalLocked(syscall.SIGTERM, reason)
	}
	p.signalLocked(sigContinue, reason)
}

// Dump asks the leader to say what it is doing: SIGCONT, then sig, which is SIGQUIT for Go
// and Java, and SIGABRT for what has Python's faulthandler. Most programs end by it. What
// standard error prints from now on is kept as Exit.Dump, beside its tail. The exit report
// keeps the reason, unless one was given before. After the leader's exit it returns
// os.ErrProcessDone.
func (p *Process) Dump(sig syscall.Signal, reason string) error {
	return p.DumpMember(p.PID(), sig, reason)
}

// DumpMember is Dump, but asks that member of the leader's group, such as what runs below a
// shell, which would take the signal for itself. It asks the leader if the group has no such
// member, and where the system has no means to tell for certain: so far it has on Linux.
func (p *Process) DumpMember(pid int, sig syscall.Signal, reason string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return os.ErrProcessDone
	}
	for _, c := range p.captures {
		if c.stream == Stderr {
			c.startDump()
		}
	}
	p.wantEndLocked()
	if signalMember(p.PID(), pid, sig) {
		p.doings.note(sig, reason, nil)
		return nil
	}
	p.leader.Signal(sigContinue)
	err := p.leader.Signal(sig)
	p.doings.note(sig, reason, err)
	return err
}

// wantEndLocked notes that the host wants the end, unless it has come already.
func (p *Process) wantEndLocked() {
	if !p.over {
		p.doings.wanted = true
	}
}

// signalLocked signals the group. The lock keeps the leader from being reaped meanwhile; kill
// never blocks.
func (p *Process) signalLocked(sig syscall.Signal, reason string) error {
	if p.over {
		return os.ErrProcessDone
	}
	err := signalGroup(p.leader, sig)
	p.doings.note(sig, reason, err)
	return err
}

// finish notes that the leader has exited, after which what the host did does not change.
func (p *Process) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
}

// hostDid returns what the host did.
func (p *Process) hostDid() doings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doings
}

// doings is what the host did to bring about the end.
type doings struct {
	wanted     bool // the host wanted the end
	terminated bool
	limit      Limit                   // whose breach gave the reason
	reason     string                  // the first that was given
	last       syscall.Signal          // the last signal sent
	sent       map[syscall.Signal]bool // all of them
}

// note remembers the first reason, and a signal unless sending it failed. A signal that
// only wakes or probes is no doing.
func (d *doings) note(sig syscall.Signal, reason string, err error) {
	if d.reason == "" {
		d.reason = reason
	}
	if err != nil || sig == sigContinue || sig == 0 {
		return
	}
	if d.sent == nil {
		d.sent = make(map[syscall.Signal]bool)
	}
	d.sent[sig] = true
	d.last = sig
}
