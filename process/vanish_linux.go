package process

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// isLeft reports whether anything of a group is left that is more than a zombie. Its leader has
// been reaped, so that nothing may be signalled any more: the group is only asked for.
func isLeft(group int) bool {
	if syscall.Kill(-group, 0) == syscall.ESRCH {
		return false
	}
	// Zombies count as well, and who has to reap an orphan may take his time.
	proc, err := os.Open("/proc")
	if err != nil {
		return true
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return true
	}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && runsIn(group, pid) {
			return true
		}
	}
	return false
}

// runsIn reports whether a process is of the group, and no zombie.
func runsIn(group, pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	// After the name, which may hold anything: state, parent, group.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 || string(fields[2]) != strconv.Itoa(group) {
		return false
	}
	state := fields[0][0]
	return state != 'Z' && state != 'X'
}
