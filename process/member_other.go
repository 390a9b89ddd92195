//go:build !linux

package process

import "syscall"

// signalMember does nothing: a pid can't be pinned here.
func signalMember(int, int, syscall.Signal) bool { return false }
