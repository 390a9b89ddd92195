package jobs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// identity is what no two processes have in common.
type identity struct {
	Boot      string `json:"boot"`
	Namespace string `json:"pid_namespace"`
	PID       int    `json:"pid"`
	Start     uint64 `json:"start_ticks"`      // since the boot
	Number    uint64 `json:"number,omitempty"` // no other process of this boot has it; 0: the kernel gives none
}

// identify returns the identity of a process that can't be reaped meanwhile.
func identify(pid int) (identity, error) {
	i := identity{Boot: bootID(), Namespace: pidNamespace(), PID: pid}
	if i.Boot == "" || i.Namespace == "" {
		return i, errors.New("/proc does not tell the boot and the namespace")
	}
	_, start, err := readStat(pid)
	if err != nil {
		return i, err
	}
	i.Start = start
	if pidfd, err := unix.PidfdOpen(pid, 0); err == nil {
		i.Number = numberOf(pidfd)
		unix.Close(pidfd)
	}
	return i, nil
}

// numberOf returns the number that the kernel, since Linux 6.9, gives to each process. Within
// a tick, a pid can become another's.
func numberOf(pidfd int) uint64 {
	const pidFS = 0x50494446
	var fs unix.Statfs_t
	var stat unix.Stat_t
	if unix.Fstatfs(pidfd, &fs) != nil || fs.Type != pidFS || unix.Fstat(pidfd, &stat) != nil {
		return 0
	}
	return stat.Ino
}

// isHere reports whether it can be told from here whether the process lives: it is of this
// boot, and its pid is of this namespace.
func (i identity) isHere() bool { return i.isOfThisBoot() && i.Namespace == pidNamespace() }

// isOfThisBoot reports whether the machine has not gone down since.
func (i identity) isOfThisBoot() bool { return i.PID > 0 && i.Boot != "" && i.Boot == bootID() }

// wake sends SIGCONT to the very process, and reports whether that could be done.
func (i identity) wake() bool {
	pidfd, err := unix.PidfdOpen(i.PID, 0)
	if err != nil {
		return false
	}
	defer unix.Close(pidfd)
	return i.isHere() && i.isThis(pidfd) && unix.PidfdSendSignal(pidfd, unix.SIGCONT, nil, 0) == nil
}

// isAlive reports whether the very process lives. A zombie does not.
func (i identity) isAlive() bool {
	if !i.isHere() {
		return false
	}
	pidfd, err := unix.PidfdOpen(i.PID, 0)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // forbidden, or an old kernel
		state, start, err := readStat(i.PID)
		return err == nil && start == i.Start && state != 'Z' && state != 'X'
	}
	if err != nil {
		return false
	}
	defer unix.Close(pidfd)
	return i.isThis(pidfd)
}

// isThis reports whether what is pinned is the very process, and lives.
func (i identity) isThis(pidfd int) bool {
	_, start, err := readStat(i.PID)
	if err != nil || start != i.Start || i.Number != 0 && numberOf(pidfd) != i.Number {
		return false
	}
	// It is readable when the last thread has ended; the state in /proc is that of the first.
	poll := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 0)
	return n == 0 && (err == nil || errors.Is(err, unix.EINTR))
}

// readStat returns the state of a process, and when it was started, in ticks since the boot.
func readStat(pid int) (state byte, start uint64, err error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, err
	}
	// The name is in parentheses, and may have any characters.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const stateAt, startAt = 0, 19
	if len(fields) <= startAt {
		return 0, 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	start, err = strconv.ParseUint(string(fields[startAt]), 10, 64)
	return fields[stateAt][0], start, err
}
