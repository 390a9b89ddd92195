package process

import "os/exec"

// startGuarded starts what c says, so that it does not outlive the host unless it may.
func (c Command) startGuarded(cmd *exec.Cmd) error {
	if c.HostEnd == OutliveHost {
		cmd.Env = amend(cmd.Environ(), []string{guardVar})
		return startLimited(cmd, c.Rlimits)
	}
	announced := announce(cmd)
	startStep("announced")
	err := startLimited(cmd, c.Rlimits)
	startStep("forked")
	if err != nil {
		announced.Withdraw()
		return err
	}
	announced.Hold(cmd.Process.Pid)
	startStep("held")
	return nil
}

// startStep is where a test lets the host die.
var startStep = func(string) {}
