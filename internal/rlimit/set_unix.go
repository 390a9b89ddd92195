//go:build unix && !freebsd && !dragonfly

package rlimit

import "syscall"

// set limits this process.
func set(l Limit) error {
	return syscall.Setrlimit(l.Resource, &syscall.Rlimit{Cur: l.Soft, Max: l.Hard})
}
