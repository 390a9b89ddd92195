//go:build unix

package process

import (
	"errors"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/reexec"
	"github.com/kinwire/kinwire/internal/rlimit"
)

// rlimits has the system's number of each resource.
var rlimits = map[Resource]int{
	LimitAddressSpace: rlimitAddressSpace,
	LimitData:         unix.RLIMIT_DATA,
	LimitCPU:          unix.RLIMIT_CPU,
	LimitOpenFiles:    unix.RLIMIT_NOFILE,
	LimitProcesses:    unix.RLIMIT_NPROC,
	LimitFileSize:     unix.RLIMIT_FSIZE,
	LimitCore:         unix.RLIMIT_CORE,
}

// startLimited starts cmd, which has the limits from its first instruction on.
func startLimited(cmd *exec.Cmd, limits []Rlimit) error {
	if len(limits) == 0 || cmd.Err != nil {
		return startInGroup(cmd)
	}
	var system []rlimit.Limit
	for _, l := range limits {
		resource, ok := rlimits[l.Resource]
		if !ok || resource < 0 {
			return errRlimit(l, errNoRlimits)
		}
		system = append(system, rlimit.Limit{
			Resource: resource,
			Soft:     min(l.Soft, unix.RLIM_INFINITY),
			Hard:     min(max(l.Hard, l.Soft), unix.RLIM_INFINITY),
		})
	}
	err := rlimit.Start(cmd, system, startInGroup)
	var refused *rlimit.Error
	switch {
	case errors.As(err, &refused):
		return errRlimit(limits[refused.Index], refused.Err)
	case errors.Is(err, reexec.ErrImpossible):
		return errRlimit(limits[0], err)
	}
	return err
}
