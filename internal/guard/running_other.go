//go:build unix && !linux

package guard

import (
	"os"
	"syscall"
)

// apart keeps the guardian out of the host's session, and away from its terminal.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// keepRunning leaves it to Wait to see the end. A guardian that is stopped is noticed when
// its pipe is full.
func keepRunning(*os.Process) {}
