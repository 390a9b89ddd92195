package process

import (
	"os/exec"
	"syscall"
)

// startInGroup starts cmd so that the console's Ctrl-C does not reach it. Windows has no
// process group to kill as one.
func startInGroup(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	return cmd.Start()
}
