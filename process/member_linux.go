package process

import "golang.org/x/sys/unix"

// signalMember wakes a member of the group other than its leader, sends it sig, and reports
// whether it did. The caller knows that the leader has not been reaped, so that the id of
// the group is still its own.
//
// The pid itself may be anyone's by now. So it is pinned first; if what is pinned is alive
// after the group of the pid was read, that was its own group.
func signalMember(leader, pid int, sig unix.Signal) bool {
	if pid <= 1 || pid == leader {
		return false
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer unix.Close(pidfd)
	group, err := unix.Getpgid(pid)
	if err != nil || group != leader || unix.PidfdSendSignal(pidfd, 0, nil, 0) != nil {
		return false
	}
	unix.PidfdSendSignal(pidfd, sigContinue, nil, 0)
	return unix.PidfdSendSignal(pidfd, sig, nil, 0) == nil
}
