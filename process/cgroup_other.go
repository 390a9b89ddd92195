//go:build !linux

package process

import (
	"errors"
	"fmt"
	"syscall"
)

// HostCgroup returns errors.ErrUnsupported: only Linux has control groups.
func HostCgroup() (string, error) {
	return "", fmt.Errorf("no control groups: %w", errors.ErrUnsupported)
}

// leaf would be the control group of one command.
type leaf struct{}

// open fails if a control group is wanted: only Linux has them.
func (c Cgroup) open() (*leaf, error) {
	if c != (Cgroup{}) {
		return nil, fmt.Errorf("%w: %w", errCgroup, errors.ErrUnsupported)
	}
	return nil, nil
}

func (l *leaf) hold(*syscall.SysProcAttr) {}
func (l *leaf) closeDir()                 {}
func (l *leaf) kill()                     {}
func (l *leaf) end() OOM                  { return OOMUnknown }
func (l *leaf) remove()                   {}

// isRefused has nothing to tell.
func (c Cgroup) isRefused(error) bool { return false }
