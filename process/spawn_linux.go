package process

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// attributes makes the command the leader of a new process group, which the kernel kills
// when the host dies, unless it may outlive that.
func (c Command) attributes() *syscall.SysProcAttr {
	session := c.Scope == OwnSession
	attr := &syscall.SysProcAttr{Setpgid: !session, Setsid: session}
	if c.HostEnd == DieWithHost {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}

// startInGroup starts cmd on the thread that lives as long as the host.
func startInGroup(cmd *exec.Cmd) error {
	startRequests.once.Do(func() { go serveStarts(startRequests.queue) })
	r := startRequest{cmd: cmd, result: make(chan error, 1)}
	startRequests.queue <- r
	return <-r.result
}

// startRequest asks serveStarts to start cmd.
type startRequest struct {
	cmd    *exec.Cmd
	result chan error // has room for the answer
}

// startRequests is the way to the one serveStarts of this host.
var startRequests = struct {
	once  sync.Once
	queue chan startRequest
}{queue: make(chan startRequest)}

// serveStarts makes all the starts of this host, for ever, on a thread of its own: the
// parent-death signal is sent when the thread that started the child ends, and Go ends
// threads as it likes (golang/go#27505). So it is the one goroutine that nobody waits for.
//
// Starts one after the other cost nothing: Go forks one at a time anyway.
func serveStarts(queue <-chan startRequest) {
	runtime.LockOSThread()
	for r := range queue {
		r.result <- r.cmd.Start()
	}
}
