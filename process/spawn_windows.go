package process

import (
	"os/exec"
	"syscall"
)

// attributes keeps the console's Ctrl-C from the command. Windows has no process group to
// kill as one.
func (c Command) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// startInGroup starts cmd.
func startInGroup(cmd *exec.Cmd) error { return cmd.Start() }
