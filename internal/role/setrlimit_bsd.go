//go:build freebsd || dragonfly

package role

import "syscall"

// setLimit limits this process.
func setLimit(l Limit) error {
	return syscall.Setrlimit(l.Resource, &syscall.Rlimit{Cur: int64(l.Soft), Max: int64(l.Hard)})
}
