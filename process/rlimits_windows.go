package process

import "os/exec"

// startLimited starts cmd; there are no limits of this kind.
func startLimited(cmd *exec.Cmd, limits []Rlimit) error {
	if len(limits) > 0 {
		return errRlimit(limits[0], errNoRlimits)
	}
	return startInGroup(cmd)
}
