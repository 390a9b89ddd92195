package process

import "os/exec"

// startGuarded starts what c says, so that it does not outlive the host.
func (c Command) startGuarded(cmd *exec.Cmd) error {
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
