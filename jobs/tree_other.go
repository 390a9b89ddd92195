//go:build unix && !linux

package jobs

import "golang.org/x/sys/unix"

// Elsewhere a process can't adopt, and only the command's group is its own.

func adopt()          {}
func setName()        {}
func resistOOM()      {}
func reapAdopted(int) {}
func killRest() bool  { return true }

// closeOnExec keeps descriptors from a number on from being inherited.
func closeOnExec(from int) {
	const most = 1024
	for fd := from; fd < most; fd++ {
		unix.CloseOnExec(fd)
	}
}
