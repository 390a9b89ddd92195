//go:build unix && !freebsd && !dragonfly

package role

import "syscall"

// setLimit limits this process.
func setLimit(l Limit) error {
	return syscall.Setrlimit(l.Resource, &syscall.Rlimit{Cur: l.Soft, Max: l.Hard})
}
