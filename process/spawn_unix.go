//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
)

// attributes makes the command the leader of a new process group. There is no parent-death
// signal here: a worker notices the end of its host by the end of its input.
func (c Command) attributes() *syscall.SysProcAttr {
	session := c.Scope == OwnSession
	return &syscall.SysProcAttr{Setpgid: !session, Setsid: session}
}

// startInGroup starts cmd.
func startInGroup(cmd *exec.Cmd) error { return cmd.Start() }
