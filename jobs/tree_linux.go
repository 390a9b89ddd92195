package jobs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// adopt makes this process the parent of all that descends from it and has lost its own, so
// that a daemon is in reach.
func adopt() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// shortName is recorderName for the kernel, which has no room for more.
const shortName = "kinwire-record"

// setName is what top and killall call this process.
func setName() {
	name := []byte(shortName + "\x00")
	unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
}

// resistOOM makes the kernel kill others first, if that is allowed. What was started before
// is not affected.
func resistOOM() { os.WriteFile("/proc/self/oom_score_adj", []byte("-999"), 0) }

// reapAdopted reaps the children that have ended, but for the leader.
func reapAdopted(leader int) {
	for _, pid := range children() {
		if pid != leader {
			syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
	}
}

// restTime is how long what was killed may take to be gone.
const restTime = 3 * time.Second

// killRest kills all that descends from this process, and reports whether it is gone. A child
// keeps its pid until it is reaped here, so that no stranger is hit. The recorders of other
// jobs are no part of it.
func killRest() bool {
	for begin := time.Now(); time.Since(begin) < restTime; time.Sleep(time.Millisecond) {
		left := 0
		for _, pid := range children() {
			if isRecorder(pid) {
				continue
			}
			left++
			syscall.Kill(pid, syscall.SIGKILL)
			syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
		if left == 0 {
			return true
		}
	}
	return false
}

// isRecorder reports whether a process is a recorder, or is about to start one.
func isRecorder(pid int) bool {
	cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return bytes.HasPrefix(cmdline, []byte(recorderName+"\x00"))
}

// children returns the children of this process, those that have ended included.
func children() (pids []int) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	if len(lists) == 0 {
		return childrenByParent()
	}
	for _, path := range lists {
		list, _ := os.ReadFile(path)
		for _, word := range strings.Fields(string(list)) {
			if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// childrenByParent is children for a kernel that has no lists of them.
func childrenByParent() (pids []int) {
	for _, pid := range allProcesses() {
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 1 && string(fields[1]) == strconv.Itoa(os.Getpid()) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// allProcesses returns the pids of all processes that can be seen.
func allProcesses() (pids []int) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid > 1 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// closeOnExec keeps all descriptors from a number on from being inherited.
func closeOnExec(from int) {
	if unix.CloseRange(uint(from), ^uint(0)>>32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	names, _ := os.ReadDir("/proc/self/fd")
	for _, name := range names {
		if fd, err := strconv.Atoi(name.Name()); err == nil && fd >= from {
			unix.CloseOnExec(fd)
		}
	}
}
