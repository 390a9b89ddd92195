// Package guard is what keeps process groups from outliving the host that started them: a
// guardian.
//
// The guardian is a process of its own, one for each host: the host's program in another
// role, see internal/role. It reads from a pipe what there is to guard. Only the host has
// the other end, so that the pipe ends when the host does, whatever the host dies of. Then
// the guardian kills what it guards, and exits.
//
//	start := keeper.Announce()
//	cmd.Env = append(cmd.Environ(), start.Env())
//	if err := cmd.Start(); err != nil { // with Setpgid
//		start.Withdraw()
//		return err
//	}
//	start.Hold(cmd.Process.Pid)
//	... // the leader exits, and its group is killed
//	keeper.Release(cmd.Process.Pid)
//	... // now the leader may be reaped
//
// A start is announced before it is made, and what is started carries its mark in the
// environment. So there is no moment at which the host's death leaves something behind: if
// a start was announced and never became a group, the guardian looks for the mark.
package guard
