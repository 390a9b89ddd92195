//go:build freebsd || dragonfly

package rlimit

import "syscall"

// set limits this process.
func set(l Limit) error {
	return syscall.Setrlimit(l.Resource, &syscall.Rlimit{Cur: int64(l.Soft), Max: int64(l.Hard)})
}
