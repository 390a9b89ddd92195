//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
)

// startInGroup starts cmd as the leader of a new process group. There is no parent-death
// signal here: a worker notices the end of its host by the end of its input.
func startInGroup(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Start()
}
