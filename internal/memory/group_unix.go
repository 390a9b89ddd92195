//go:build unix && !linux

package memory

import "golang.org/x/sys/unix"

// group returns the id of a process's group, or 0 if it is gone.
func group(pid int) int {
	id, err := unix.Getpgid(pid)
	if err != nil {
		return 0
	}
	return id
}
