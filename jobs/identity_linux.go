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
	Start     uint64 `json:"start_ticks"` // since the boot
}

// identify returns the identity of a process that can't be reaped meanwhile.
func identify(pid int) (identity, error) {
	_, start, err := readStat(pid)
	if err == nil && (bootID() == "" || pidNamespace() == "") {
		err = errors.New("/proc does not tell the boot and the namespace")
	}
	return identity{Boot: bootID(), Namespace: pidNamespace(), PID: pid, Start: start}, err
}

// isHere reports whether it can be told from here whether the process lives: it is of this
// boot, and its pid is of this namespace.
func (i identity) isHere() bool { return i.isOfThisBoot() && i.Namespace == pidNamespace() }

// isOfThisBoot reports whether the machine has not gone down since.
func (i identity) isOfThisBoot() bool { return i.PID > 1 && i.Boot != "" && i.Boot == bootID() }

// isAlive reports whether the very process lives. A zombie does not.
func (i identity) isAlive() bool {
	if !i.isHere() {
		return false
	}
	state, start, err := readStat(i.PID)
	return err == nil && start == i.Start && state != 'Z' && state != 'X'
}

// open returns a descriptor through which the very process can be signalled, and nobody else.
func (i identity) open() (pidfd int, err error) {
	if !i.isHere() {
		return -1, unix.ESRCH
	}
	pidfd, err = unix.PidfdOpen(i.PID, 0)
	if err != nil {
		return -1, err
	}
	if !i.isAlive() { // what is pinned now was not there when the pid was the job's
		unix.Close(pidfd)
		return -1, unix.ESRCH
	}
	return pidfd, nil
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
