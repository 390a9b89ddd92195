//go:build unix

package process

import (
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/role"
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
	var system []role.Limit
	for _, l := range limits {
		resource, ok := rlimits[l.Resource]
		if !ok || resource < 0 {
			return errRlimit(l, errNoRlimits)
		}
		system = append(system, role.Limit{
			Resource: resource,
			Soft:     min(l.Soft, unix.RLIM_INFINITY),
			Hard:     min(max(l.Hard, l.Soft), unix.RLIM_INFINITY),
		})
	}
	refused, err := startLimiter(cmd, system)
	if refused >= 0 {
		return errRlimit(limits[refused], err)
	}
	return err
}
